"""A real Prometheus with a key scrapes a real server, and answers for it."""

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from faults import copy_credit, reseal
from pipelines import CREDIT, ROOT
from prometheus_server import Prometheus, find_program
from server import UNLIMITED, Server
from traffic import TYPICAL, Traffic

from service.web.access.key_file import create_key

STRANGE = {**TYPICAL["instance"], "Home": "castle", "Age": 120, "Income": None}

# Whatever is read of a scrape is selected by labels; what the rules record is not.
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
# A model without networks has none of these: test_device.py asks for them.
OF_DEVICES = "model_device_"

RECORDED = re.compile(r"\bjob:[\w:]+")


class Watched:
    """A server and the Prometheus that watches it."""

    def __init__(self, server: Server, prometheus: Prometheus) -> None:
        self.server = server
        self.prometheus = prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A pair that the last test leaves without its server."""
    find_program("prometheus")
    folder = tmp_path_factory.mktemp("watched") / "server"
    variables = {
        "SERVICE_DRIFT_MIN_COUNT": "1",
        "SERVICE_SHADOW_ARTEFACT": str(make_narrower(folder.parent)),
        "SERVICE_SHADOW_SAMPLE": "1",
    }
    server = Server(CREDIT, folder, {**UNLIMITED, **variables})
    server.wait_until_ready()
    key = create_key(server.keys_file, "prometheus", ("metrics",))
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), key, server)
    yield Watched(server, prometheus)
    prometheus.stop()
    server.stop()


def make_narrower(folder: Path) -> Path:
    """Return a copy of the credit model that refuses a strange age."""

    def bound_age(manifest: dict[str, Any]) -> None:
        features = manifest["contract"]["features"]
        [age] = [each for each in features if each["name"] == "Age"]
        age["maximum"] = STRANGE["Age"] - 1

    return reseal(copy_credit(folder), bound_age)


def read_panels() -> list[str]:
    """Return the queries of the dashboard, of one server."""
    dashboard = json.loads((ROOT / "deploy/grafana/model-service.json").read_text())
    return [
        target["expr"]
        .replace("$__rate_interval", "1m")
        .replace("$job", "model-service")
        .replace("$instance", ".*")
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]


def find_series(prometheus: Prometheus, name: str) -> list[dict[str, str]]:
    """Return the labels of each series of a metric."""
    return list(prometheus.ask("series", **{"match[]": name}))


def test_the_key_of_prometheus_opens_the_metrics_and_p99_is_answered(
    watched: Watched,
) -> None:
    prometheus = watched.prometheus

    def read_p99() -> float | None:
        answer = prometheus.query("job:http_request_duration_seconds:p99_rate5m")
        values = [float(series["value"][1]) for series in answer]
        return next((value for value in values if not math.isnan(value)), None)

    with Traffic(watched.server, 2) as traffic:
        p99 = prometheus.wait_for(read_p99)
    assert 0 < p99 <= 10
    assert traffic.failures == []
    [target] = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def test_rules_and_panels_ask_for_metrics_and_labels_that_there_are(
    watched: Watched,
) -> None:
    server, prometheus = watched.server, watched.prometheus
    assert server.predict([STRANGE]).status_code == 200
    assert server.predict([{}]).status_code == 422
    rules = [r for g in prometheus.ask("rules")["groups"] for r in g["rules"]]
    expressions = [*(rule["query"] for rule in rules), *read_panels()]
    assert len(expressions) > len(rules) > 10
    recorded = {rule["name"] for rule in rules}
    for expression in expressions:
        prometheus.query(expression)  # it can be read
        assert recorded.issuperset(RECORDED.findall(expression))
        selectors = SELECTOR.findall(expression)
        assert selectors or RECORDED.search(expression)
        for name, matchers in selectors:
            if name.startswith(OF_DEVICES):
                continue
            series = prometheus.wait_for(partial(find_series, prometheus, name))
            labels = re.findall(r"(\w+)\s*=", matchers)
            assert series[0].keys() >= {"job", *labels}, expression


def test_a_server_that_is_gone_is_alerted_of(watched: Watched) -> None:
    """Pending: only what lasts is worth a call."""
    watched.server.stop()
    [alert] = watched.prometheus.wait_for(
        lambda: watched.prometheus.query('ALERTS{alertname="ModelServiceDown"}')
    )
    assert alert["metric"]["alertstate"] == "pending"
    assert alert["metric"]["instance"] == watched.server.url.removeprefix("http://")
