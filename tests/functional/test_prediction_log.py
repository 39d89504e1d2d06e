"""What was asked and answered, in files: whole, bounded, and in nobody's way."""

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Serve
from pipelines import CREDIT
from scrape import Scrape
from server import PATIENCE_SECONDS, UNLIMITED, Server
from traffic import TYPICAL

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
LARGEST_BODY = 8 * 2**20


def log_to(folder: Path, **others: str) -> dict[str, str]:
    return {
        "SERVICE_PREDICTION_LOG": str(folder / "log.jsonl"),
        **UNLIMITED,
        **{f"SERVICE_PREDICTION_LOG_{name}": text for name, text in others.items()},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for the log."""
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of all files; each has to be whole."""
    return [
        json.loads(line)
        for path in folder.glob("log.*.jsonl")
        for line in path.read_text().splitlines()
    ]


def ask_many(server: Server, count: int) -> dict[str, httpx.Response]:
    """Ask in ones and more, over connections to any worker; return answers by id."""
    answers: dict[str, httpx.Response] = {}
    with server.connect() as client:
        client.headers["Connection"] = "close"
        for number in range(count):
            records = RECORDS[: 1 + number % 5]
            body = {"instances": [record["instance"] for record in records]}
            answer = client.post("/v1/predict", json=body)
            assert answer.status_code == 200
            answers[answer.headers["X-Request-ID"]] = answer
    return answers


def count_dropped(server: Server) -> dict[str, float]:
    scrape = Scrape(server.client.get("/metrics").raise_for_status().text)
    name = "model_prediction_log_dropped_total"
    return {
        reason: scrape.read(name, reason=reason)
        for reason in ("queue_full", "disk", "too_long", "unreadable")
    }


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look until it is so: nobody is told when a line is written, or is not."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end


def test_a_line_is_the_same_in_each_form(serve: Serve, folder: Path) -> None:
    server = serve(CREDIT, **log_to(folder))
    rows = [record["instance"] for record in RECORDS]
    by_column = {name: [row[name] for row in rows] for name in rows[0]}
    tensors = [
        {"name": name, "datatype": "BYTES", "shape": [len(rows)], "data": values}
        for name, values in by_column.items()
    ]
    requests = {
        "/v1/models/credit-risk:predict": {"instances": rows},
        "/v2/models/credit-risk/infer": {"inputs": tensors},
        "/v1/predict": {"columns": by_column},
    }
    with server.connect() as client:
        client.post("/v1/predict", json={"instances": rows}).raise_for_status()
        for path, body in requests.items():
            client.post(path, json=body).raise_for_status()
    assert server.stop() == 0
    first, *others = read_lines(folder)
    assert first["instances"] == rows
    assert len(others) == len(requests)
    for line in others:
        assert line["instances"] == rows
        assert line["predictions"] == first["predictions"]


def test_lines_are_what_was_asked_and_answered(serve: Serve, folder: Path) -> None:
    server = serve(CREDIT, **log_to(folder))
    answers = ask_many(server, 60)
    server.predict([{}])  # refused
    server.client.get("/v1/model")
    assert server.stop() == 0
    lines = {line.pop("request_id"): line for line in read_lines(folder)}
    assert lines.keys() == answers.keys()
    for request_id, line in lines.items():
        answer = answers[request_id]
        assert line.pop("time").endswith("+00:00")
        assert line == {
            "client": "tests",
            **{"model": "credit-risk", "version": "1.0.0"},
            "instances": json.loads(answer.request.content)["instances"],
            "predictions": answer.json()["predictions"],
        }
    assert {path.name for path in folder.iterdir()} == {"log.0.jsonl", "log.1.jsonl"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert "Seniority" not in "".join(server.lines)


@pytest.mark.parametrize(("share", "least", "most"), [("0", 0, 0), ("0.5", 1, 199)])
def test_a_share_is_written(
    serve: Serve, folder: Path, share: str, least: int, most: int
) -> None:
    """A half of 200 is none or all of them once in 10 to the 60 times."""
    server = serve(CREDIT, **log_to(folder, SAMPLE=share))
    ask_many(server, 200)
    server.stop()
    assert least <= len(read_lines(folder)) <= most


def test_files_are_bounded_and_keep_the_newest(serve: Serve, folder: Path) -> None:
    server = serve(CREDIT, **log_to(folder, MAX_BYTES="20000"))
    for _ in range(3):
        answers = ask_many(server, 100)
    server.stop()
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sizes.keys() <= {
        *(f"log.{number}.jsonl" for number in (0, 1)),
        *(f"log.{number}.old.jsonl" for number in (0, 1)),
    }
    assert max(sizes.values()) <= 20_000
    assert "log.0.old.jsonl" in sizes
    assert list(answers)[-1] in {line["request_id"] for line in read_lines(folder)}


def test_a_line_longer_than_a_file_is_counted(serve: Serve, folder: Path) -> None:
    server = serve(CREDIT, **log_to(folder, MAX_BYTES="100"), WEB_CONCURRENCY="1")
    ask_many(server, 3)
    dropped = {"queue_full": 0, "disk": 0, "too_long": 3, "unreadable": 0}
    wait_until(lambda: count_dropped(server) == dropped)
    assert read_lines(folder) == []


def test_a_disk_that_is_full_costs_lines_alone(serve: Serve, folder: Path) -> None:
    """The kernel takes part of what is written, and then no more."""
    server = serve(CREDIT, **log_to(folder), WEB_CONCURRENCY="1")
    [pid] = server.pids
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (3000, limits[1]))
    answers = ask_many(server, 30)
    lost = server.wait_for("prediction_log_lost")
    assert lost["reason"] == "File too large"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    answers |= ask_many(server, 1)
    server.wait_for("prediction_log_written")
    dropped = count_dropped(server)
    server.stop()
    lines = read_lines(folder)
    assert {line["request_id"] for line in lines} < answers.keys()
    assert list(answers)[-1] == lines[-1]["request_id"]
    assert len(lines) + dropped["disk"] == len(answers)


def test_a_disk_that_hangs_costs_lines_alone(serve: Serve, folder: Path) -> None:
    """A pipe that nobody reads takes 64 KB, and then holds up who writes."""
    os.mkfifo(folder / "log.0.jsonl")
    server = serve(CREDIT, **log_to(folder), WEB_CONCURRENCY="1")
    server.predict(1000 * [TYPICAL["instance"]])
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode()
    headers = {"Content-Type": "application/json"}

    def is_dropped() -> bool:
        answer = server.client.post(
            "/v1/predict", content=body.ljust(LARGEST_BODY), headers=headers
        )
        assert answer.json()["predictions"] == [TYPICAL["prediction"]]
        return count_dropped(server)["queue_full"] > 0

    wait_until(is_dropped)
    assert server.stop() == 0


def test_a_killed_worker_s_file_is_gone_on_with(serve: Serve, folder: Path) -> None:
    server = serve(CREDIT, **log_to(folder), WEB_CONCURRENCY="1")
    ask_many(server, 1)
    wait_until(lambda: len(read_lines(folder)) == 1)
    os.kill(server.pids[0], signal.SIGKILL)
    server.wait_for("ready")
    ask_many(server, 1)
    server.stop()
    assert [path.name for path in folder.iterdir()] == ["log.0.jsonl"]
    assert len(read_lines(folder)) == 2
