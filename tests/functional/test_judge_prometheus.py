"""The judge beside a real Prometheus that scrapes real services."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from canaries import make_shifted
from conftest import Serve
from faults import reseal
from pipelines import FITTED, Fitted
from prometheus_server import Prometheus, find_program
from server import UNLIMITED, Server
from wine_versions import REQUESTS, TOLERANCE, ask, release

from service.cli.main import main

Run = Callable[[str, str], tuple[int, str, str]]


@pytest.fixture(scope="module")
def wine() -> Fitted:
    return FITTED["wine"]()


@pytest.fixture(scope="module")
def servers(
    wine: Fitted, serve_module: Serve, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Server]:
    """A stable version, a good one and a faulty one, with one key for all."""
    find_program("prometheus")
    folder = tmp_path_factory.mktemp("versions")
    first = release(wine, folder, "1.0.0")
    good = shutil.copytree(first, folder / "good")
    stable = serve_module(first, **UNLIMITED)
    own = {**UNLIMITED, "SERVICE_API_KEYS_FILE": str(stable.keys_file)}
    found = {
        "stable": stable,
        "good": serve_module(reseal(good, lambda m: m.update(version="1.1.0")), **own),
        "faulty": serve_module(release(make_shifted(wine), folder, "1.2.0"), **own),
    }
    for server in found.values():
        server.key = stable.key
    return found


@pytest.fixture(scope="module")
def prometheus(
    servers: dict[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    running = Prometheus(folder, servers["stable"].key, *servers.values())
    for server in servers.values():
        selector = f"model_info{{{select(server)}}}"
        running.wait_for(partial(running.query, selector))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def asked() -> Counter[str]:
    """How many requests each server was sent."""
    return Counter()


def select(server: Server) -> str:
    return f'instance="{server.url.removeprefix("http://")}"'


def wait_until_scraped(prometheus: Prometheus, server: Server, requests: int) -> None:
    """Wait until Prometheus has seen so many requests answered."""
    name = "http_request_duration_seconds_count"
    labels = f'{select(server)},route="/v1/predict",status="200"'
    prometheus.wait_for(
        partial(prometheus.query, f"sum({name}{{{labels}}}) >= {requests}")
    )


@pytest.fixture
def run(
    prometheus: Prometheus,
    servers: dict[str, Server],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command by two selectors; returns its exit code, and what it printed."""

    def judge(stable: str, canary: str) -> tuple[int, str, str]:
        selectors = ("--stable", stable, "--canary", canary)
        options = ("--state", str(tmp_path / "evidence.json"), *TOLERANCE, "--json")
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["judge", "--prometheus", prometheus.url, *selectors, *options])
        assert isinstance(end.value.code, int)
        return end.value.code, *capsys.readouterr()

    return judge


@pytest.mark.parametrize("canary", ["good", "faulty"])
def test_a_canary_is_promoted_or_rolled_back(  # noqa: PLR0917 - fixtures
    canary: str,
    wine: Fitted,
    servers: dict[str, Server],
    prometheus: Prometheus,
    asked: Counter[str],
    run: Run,
) -> None:
    arms = (servers["stable"], servers[canary])
    code, out, _ = run(*map(select, arms))
    assert (code, {*read_findings(out).values()}) == (2, {"open"})
    for server in arms:
        asked[server.url] += REQUESTS
        ask(server, wine.X.to_dict("records"))
        wait_until_scraped(prometheus, server, asked[server.url])
    code, out, _ = run(*map(select, arms))
    findings = read_findings(out)
    # How long answers take is up to the machine, too: it decides a good canary alone.
    by_latency = {"alike": 0, "open": 2, "worse": 1}[findings.pop("latency")]
    if canary == "good":
        assert (code, set(findings.values())) == (by_latency, {"alike"})
    else:
        assert (code, findings["labels"]) == (1, "worse")
        assert findings["errors"] == "alike"


def read_findings(out: str) -> dict[str, str]:
    return {r["figure"]: r["finding"] for r in json.loads(out)["reasons"]}


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ('instance="a:8000"', 'has no metrics of a model by instance="a:8000".'),
        ('job="model-service"', "The canary version is not one: "),
        ("instance=", "answers 400: Prometheus does not understand the selector."),
    ],
)
def test_a_selector_of_no_version_is_told_in_one_sentence(
    selector: str,
    sentence: str,
    servers: dict[str, Server],
    run: Run,
) -> None:
    """It matches nothing, or several versions, or is no selector."""
    code, out, err = run(select(servers["stable"]), selector)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_canary_that_no_scrape_reaches_any_more_is_rolled_back(
    servers: dict[str, Server],
    prometheus: Prometheus,
    run: Run,
) -> None:
    """The last test: Prometheus marks its series as ended at the next scrape."""
    arms = [select(servers[name]) for name in ("stable", "faulty")]
    code, _, _ = run(*arms)
    assert code == 2
    servers["faulty"].stop()
    prometheus.wait_for(lambda: not prometheus.query(f"model_info{{{arms[1]}}}"))
    code, out, _ = run(*arms)
    assert (code, read_findings(out)) == (1, {"state": "worse"})
