"""The container where nearly everything is forbidden, and when something goes wrong."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Package
from containers import (
    PATIENCE_SECONDS,
    Container,
    build,
    require_engine,
    run_docker,
    run_hardened,
    train_credit,
)
from moods import HELD
from pipelines import CREDIT
from scrape import Scrape

from service.cli.image import BASES

pytestmark = pytest.mark.container

HOLD = {"instances": [{"x": HELD}]}
WORKERS = 2

Run = Callable[..., Container]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run the image of an artefact, healthy; it is removed after the test."""
    require_engine()
    with ExitStack() as stack:

        def start(artefact: Path, *options: str) -> Container:
            tag = build(artefact, f"model-service-test:{artefact.parent.name}")
            stack.callback(run_docker, "rmi", "--force", tag)
            container = run_hardened(tag, tmp_path, *options)
            stack.callback(container.remove)
            container.wait_until_healthy()
            return container

        yield start


@pytest.fixture
def mood(tmp_path: Path) -> Path:
    """The file that tells the model in a container what to do."""
    folder = tmp_path / "mood"
    folder.mkdir()
    folder.chmod(0o755)  # the container's user is another
    file = folder / "mood"
    file.write_text("hold")
    return file


@pytest.fixture
def run_moody(run: Run, packaged: Package, mood: Path) -> Run:
    """Run the model that does what the file says."""
    options = ("--volume", f"{mood.parent}:/mood:ro", "--env", "MOOD_FILE=/mood/mood")
    return lambda *more: run(packaged("moody"), *options, *more)


def wait_until(container: Container, is_so: Callable[[Scrape], bool]) -> Scrape:
    """Wait until the metrics say so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so(scrape := Scrape(container.ask("/metrics").text)):
        assert time.monotonic() < end, scrape.text
    return scrape


def has_new_worker(scrape: Scrape) -> bool:
    """Return whether one has ended, and there are as many as before."""
    ended = scrape.read("service_worker_exits_total")
    return ended == 1 and scrape.read("service_workers_ready") == WORKERS


def measure_start(state: dict[str, Any]) -> float:
    """Return the seconds from the start to the end of the first check that passed."""
    checks = state["Health"]["Log"]
    ends = [check["End"] for check in checks if check["ExitCode"] == 0]
    # Python reads microseconds, and Docker writes nanoseconds.
    end, start = (
        datetime.fromisoformat(text[:26]) for text in (ends[0], state["StartedAt"])
    )
    return (end - start).total_seconds()


@pytest.fixture(params=["3.11", "3.13"])
def credit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The credit model, fitted on one Python or another."""
    minor: str = request.param
    if minor == "3.11":
        return CREDIT
    require_engine()
    return train_credit(BASES[minor], tmp_path)


def test_it_serves_hardened_and_answers_as_training_did(
    run: Run, credit: Path, record_property: Callable[[str, object], None]
) -> None:
    container = run(credit)
    served = container.ask("/v1/model").json()["libraries"]
    assert served == json.loads((credit / "manifest.json").read_text())["libraries"]
    record_property("seconds", ("A start", measure_start(container.state)))
    golden = json.loads((credit / "golden.json").read_text())["records"]
    instances = [record["instance"] for record in golden]
    answer = container.ask("/v1/predict", {"instances": instances})
    expected = [record["prediction"] for record in golden]
    assert answer.json()["predictions"] == expected
    assert container.stop() == 0
    assert container.read_errors() == []


def test_stopping_it_lets_requests_in_flight_finish(run_moody: Run, mood: Path) -> None:
    container = run_moody()
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(container.ask, "/v1/predict", HOLD) for _ in range(4)]
        wait_until(container, lambda s: s.read("http_requests_in_flight") >= 4)
        stopping = pool.submit(container.stop)
        container.wait_for("draining")
        mood.write_text("")
        answers = [each.result() for each in asked]
        assert [answer.status for answer in answers] == [200] * 4
        assert answers[0].json()["predictions"] == [{"value": HELD}]
        assert stopping.result() == 0
    assert container.read_errors() == []


def test_a_worker_that_hangs_is_replaced_and_counted(run_moody: Run) -> None:
    container = run_moody("--env", "SERVICE_PREDICT_TIMEOUT_SECONDS=1")
    assert container.ask("/v1/predict", HOLD).status == 504
    assert container.wait_for("worker_hung")["level"] == "CRITICAL"
    wait_until(container, has_new_worker)
    assert container.ask("/v1/predict", {"instances": [{"x": 2.5}]}).status == 200
    assert container.stop() == 0


def test_a_worker_that_runs_out_of_memory_is_replaced_and_counted(
    run_moody: Run, mood: Path
) -> None:
    container = run_moody()
    mood.write_text("eat")
    assert container.ask("/v1/predict", HOLD).status == 0
    wait_until(container, has_new_worker)
    [line] = container.read_errors()
    assert "out of memory" in line["event"]
    assert container.ask("/v1/predict", {"instances": [{"x": 2.5}]}).status == 200
    assert container.stop() == 0
