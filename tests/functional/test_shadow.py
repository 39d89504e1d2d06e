"""A second version beside the one that answers: what it may do, and to whom."""

import json
import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from conftest import Package, Serve, Served
from faults import copy_credit, make_other_golden
from faulty_shadows import EAT, EXIT, RAISE, SHIFT, SLEEP, FaultyRegressor
from jsonschema import Draft202012Validator
from pipelines import CREDIT, ROOT, fit_wine
from proved_here import package_here
from scrape import Scrape
from server import PATIENCE_SECONDS, UNLIMITED, Server
from traffic import Traffic

from service.web.shadow.sender import MAX_WAITING

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
INSTANCES = [record["instance"] for record in RECORDS]


def shadowed_by(artefact: Path, **others: str) -> dict[str, str]:
    return {
        "SERVICE_SHADOW_ARTEFACT": str(artefact),
        "SERVICE_SHADOW_SAMPLE": "1",
        **UNLIMITED,
        **others,
    }


def package_faulty(to: Path, *columns: str) -> Path:
    """Package a version of the moody model that has faults."""
    X = pd.DataFrame({name: [1.0, 2.0, 3.0, 4.0] for name in columns})
    options: dict[str, Any] = {"name": "moody", "version": "2.0.0", "to": to}
    pipeline = FaultyRegressor().fit(X, X["x"])
    return package_here(pipeline, X, X["x"], code=["faulty_shadows"], **options)


@pytest.fixture(scope="module")
def credit(serve_module: Serve) -> Server:
    """Boot the credit model with itself as a shadow."""
    return serve_module(CREDIT, **shadowed_by(CREDIT))


@pytest.fixture(scope="module")
def faulty(
    serve_module: Serve, packaged: Package, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """Boot the moody model with a shadow of it that has faults."""
    shadow = package_faulty(tmp_path_factory.mktemp("faulty"), "x")
    variables = {"SERVICE_PREDICT_TIMEOUT_SECONDS": "2"}
    return serve_module(packaged("moody"), **shadowed_by(shadow, **variables))


def ask(server: Server, body: Any) -> httpx.Response:
    headers = {"X-Request-ID": "the-same"}
    return server.client.post("/v1/predict", json={"instances": body}, headers=headers)


def read_figures(server: Server) -> dict[str, Any]:
    return dict(server.client.get("/v1/shadow").raise_for_status().json())


def wait_until(find: Callable[[], Any]) -> Any:
    """Look until something is found: nobody is told when a request is compared."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def wait_for_figures(
    server: Server, is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        figures = read_figures(server)
        return figures if is_so(figures) else None

    return dict(wait_until(find))


def wait_for_line(server: Server, event: str) -> dict[str, Any]:
    """Return the latest line of an event; it may be one of the start."""
    return dict(wait_until(lambda: find_lines(server, event))[-1])


def find_lines(server: Server, event: str) -> list[dict[str, Any]]:
    return [line for line in server.events if line["event"] == event]


def wait_for_shadow(server: Server) -> int:
    """Return the shadow's process, once it takes requests."""
    wait_for_figures(server, lambda f: f["is_ready"])
    return int(wait_for_line(server, "shadow_started")["pid"])


@contextmanager
def watch_end(process: int) -> Iterator[None]:
    """Wait, on leaving, for the end of a process that is no child of this one."""
    descriptor = os.pidfd_open(process)
    yield
    ended, _, _ = select.select([descriptor], [], [], PATIENCE_SECONDS)
    os.close(descriptor)
    assert ended


def test_the_same_version_agrees_and_no_answer_differs_by_a_bit(
    credit: Server, served: Served
) -> None:
    wait_for_shadow(credit)
    bodies: list[Any] = [INSTANCES[:1], INSTANCES, 1000 * INSTANCES[:1], [{}]]
    for body in bodies:
        answer, alone = ask(credit, body), ask(served("credit-risk"), body)
        assert answer.status_code == alone.status_code
        assert answer.content == alone.content
    figures = wait_for_figures(credit, lambda f: f["requests"]["compared"] == 3)
    assert sum(figures["dropped"].values()) == sum(figures["exits"].values()) == 0
    assert figures["instances"] == 1 + len(INSTANCES) + 1000
    assert figures["labels_changed_share"] == figures["labels_changed"] == 0
    pairs = {(row["stable"], row["shadow"]) for row in figures["labels"]}
    assert pairs == {("bad", "bad"), ("good", "good")}
    assert figures["differences"]["most"] <= 1e-12
    assert figures["shadow"]["version"] == "1.0.0"
    assert figures["duration_seconds"]["shadow"]["most"] > 0
    document = credit.client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Shadow"}
    Draft202012Validator(document | schema).validate(figures)
    assert "Seniority" not in "".join(credit.lines)


def test_answers_in_each_form_are_compared(credit: Server) -> None:
    wait_for_shadow(credit)
    before = read_figures(credit)
    columns = {name: [row[name] for row in INSTANCES] for name in INSTANCES[0]}
    tensors = [
        {"name": name, "datatype": "BYTES", "shape": [len(values)], "data": values}
        for name, values in columns.items()
    ]
    for path, body in (
        ("/v1/predict", {"columns": columns}),
        ("/v1/models/credit-risk:predict", {"instances": INSTANCES}),
        ("/v2/models/credit-risk/infer", {"inputs": tensors}),
    ):
        assert credit.client.post(path, json=body).status_code == 200
    compared = before["requests"]["compared"] + 3
    after = wait_for_figures(credit, lambda f: f["requests"]["compared"] == compared)
    assert after["instances"] == before["instances"] + 3 * len(INSTANCES)
    assert after["labels_changed"] == before["labels_changed"]


def test_the_metrics_are_those_of_the_manual(credit: Server) -> None:
    wait_for_shadow(credit)
    ask(credit, INSTANCES[:1])
    wait_for_figures(credit, lambda f: f["requests"]["compared"] > 0)
    text = credit.client.get("/metrics").raise_for_status().text
    scrape = Scrape(text)
    assert scrape.read("model_shadow_requests_total", outcome="compared") > 0
    assert scrape.read("model_shadow_ready") == 1
    rows = (ROOT / "docs/metrics.md").read_text().split("\n| metric of a shadow |")[1]
    listed = set(re.findall(r"^\| `(\w+)` \|", rows.split("\n\n")[0], re.M))
    found = set(re.findall(r"^# TYPE (model_shadow_\w+) ", text, re.M))
    assert found | {"model_shadow_contract_violations_total"} == listed


def test_a_killed_shadow_comes_back_and_goes_on_counting(credit: Server) -> None:
    process = wait_for_shadow(credit)
    done = read_figures(credit)["instances"]
    os.kill(process, signal.SIGKILL)
    wait_for_figures(credit, lambda f: f["exits"]["killed"] == 1)
    assert wait_for_line(credit, "shadow_ended")["reason"] == "killed"
    assert wait_for_shadow(credit) != process
    for _ in range(credit.workers):
        ask(credit, INSTANCES[:1])
    wait_for_figures(credit, lambda f: f["instances"] == done + credit.workers)


def test_a_reload_keeps_it_and_another_worker_takes_it_on(credit: Server) -> None:
    process = wait_for_shadow(credit)
    before = read_figures(credit)["exits"]
    first, second = credit.pids[-2:]
    with Traffic(credit, 2) as traffic, watch_end(first), watch_end(second):
        credit.process.send_signal(signal.SIGHUP)
    assert traffic.failures == []
    figures = read_figures(credit)
    assert (figures["is_ready"], figures["exits"]) == (True, before)
    os.kill(process, signal.SIGKILL)
    wait_for_figures(credit, lambda f: f["exits"]["unknown"] == 1)
    assert wait_for_shadow(credit) != process


def test_another_version_s_labels_and_scores_are_told(
    serve: Serve, packaged: Package, tmp_path: Path
) -> None:
    fitted = fit_wine()
    fitted.options["labels"] = {0: "grignolino", 1: "barolo", 2: "barbera"}
    server = serve(packaged("wine"), **shadowed_by(fitted.package(tmp_path)))
    wait_for_shadow(server)
    rows = fitted.X.to_dict("records")
    labels = [each["label"] for each in ask(server, rows).json()["predictions"]]
    figures = wait_for_figures(server, lambda f: f["requests"]["compared"] == 1)
    swapped = {"barolo": "grignolino", "grignolino": "barolo", "barbera": "barbera"}
    assert {
        (row["stable"], row["shadow"]): row["instances"] for row in figures["labels"]
    } == {(old, new): labels.count(old) for old, new in swapped.items()}
    changed = len(labels) - labels.count("barbera")
    assert figures["labels_changed"] == changed
    assert figures["labels_changed_share"] == changed / len(labels)
    assert figures["differences"]["most"] == 1.0


@pytest.mark.parametrize(
    ("value", "event", "counted"),
    [
        (RAISE, "shadow_failed", ("requests", "failed")),
        (EXIT, "shadow_ended", ("exits", "failed")),
        (EAT, "shadow_ended", ("exits", "memory")),
        (SLEEP, "shadow_ended", ("exits", "timeout")),
    ],
)
def test_a_fault_of_the_shadow_is_its_own(
    faulty: Server, value: float, event: str, counted: tuple[str, str]
) -> None:
    wait_for_shadow(faulty)
    for each in (2.5, value, 3.5):
        assert ask(faulty, [{"x": each}]).json()["predictions"] == [{"value": each}]
    wait_for_figures(faulty, lambda f: f[counted[0]][counted[1]] == 1)
    assert wait_for_line(faulty, event)
    wait_for_shadow(faulty)
    done = read_figures(faulty)["requests"]["compared"]
    ask(faulty, [{"x": 2.0}])
    figures = wait_for_figures(faulty, lambda f: f["requests"]["compared"] > done)
    assert figures["differences"]["most"] == SHIFT
    assert str(value) not in "".join(faulty.lines)


def test_another_contract_is_told_by_field_and_kind(
    serve: Serve, packaged: Package, tmp_path: Path
) -> None:
    shadow = package_faulty(tmp_path, "x", "y")
    server = serve(packaged("moody"), **shadowed_by(shadow))
    wait_for_shadow(server)
    for value in (2.5, 3.5):
        answer = ask(server, [{"x": value}])
        assert answer.json()["predictions"] == [{"value": value}]
    figures = wait_for_figures(server, lambda f: f["requests"]["refused"] == 2)
    assert figures["contract_violations"] == [
        {"field": "y", "kind": "missing", "count": 2}
    ]
    assert figures["instances"] == 0
    assert wait_for_line(server, "shadow_refused")["violations"] == ["y: missing"]
    assert len(find_lines(server, "shadow_refused")) == 1
    with watch_end(wait_for_shadow(server)):
        assert server.stop() == 0


def test_a_shadow_that_does_not_answer_as_in_training_compares_nothing(
    serve: Serve, tmp_path: Path
) -> None:
    shadow = make_other_golden(copy_credit(tmp_path))
    server = serve(CREDIT, **shadowed_by(shadow))
    assert ask(server, INSTANCES[:1]).status_code == 200
    figures = wait_for_figures(server, lambda f: f["exits"]["not_ready"] >= 1)
    assert "Golden record 7" in wait_for_line(server, "shadow_not_ready")["reason"]
    assert (figures["is_ready"], figures["shadow"]) == (False, None)
    assert figures["dropped"]["away"] == 1


def test_a_full_queue_drops_and_a_server_that_is_killed_leaves_nothing(
    serve: Serve, packaged: Package, tmp_path: Path
) -> None:
    """Whatever the model is doing, and no answer waits for it."""
    shadow = package_faulty(tmp_path, "x")
    server = serve(packaged("moody"), **shadowed_by(shadow), WEB_CONCURRENCY="1")
    process = wait_for_shadow(server)
    for _ in range(MAX_WAITING + 5):
        answer = ask(server, [{"x": SLEEP}])
        assert answer.json()["predictions"] == [{"value": SLEEP}]
    assert read_figures(server)["dropped"] == {"queue_full": 5, "away": 0, "lost": 0}
    assert wait_for_line(server, "shadow_dropping")["reason"] == "queue_full"
    with watch_end(process):
        server.process.kill()
        server.wait_for_exit()


def test_a_stock_worker_has_one_too(serve: Serve) -> None:
    arguments = "--worker-class gthread --threads 2"
    server = serve(CREDIT, GUNICORN_CMD_ARGS=arguments, **shadowed_by(CREDIT))
    wait_for_shadow(server)
    ask(server, INSTANCES[:1])
    wait_for_figures(server, lambda f: f["requests"]["compared"] == 1)
