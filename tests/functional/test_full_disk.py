"""A prediction log on a disk that is full: lines are lost, counted, and no answer is.

The disk is a file system of its own, which refuses one page more, as a real one does.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Mount, Serve
from pipelines import CREDIT
from scrape import Scrape
from server import PATIENCE_SECONDS, UNLIMITED, Server
from tinydisk import PAGE_BYTES, TinyDisk

from service.web.monitoring.prediction_log import LOST, WRITTEN

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]

KILOBYTES = 256


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, to mount the disk of the log over."""
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def serve_on(serve: Serve, disk: TinyDisk, folder: Path) -> Server:
    return serve(
        CREDIT,
        within=disk.entrance,
        SERVICE_PREDICTION_LOG=str(folder / "log.jsonl"),
        WEB_CONCURRENCY="1",
        **UNLIMITED,
    )


def ask_many(server: Server, count: int) -> list[str]:
    """Ask over new connections, and return the ids of the answers."""
    ids = []
    with server.connect() as client:
        client.headers["Connection"] = "close"
        for number in range(count):
            record = RECORDS[number % len(RECORDS)]
            body = {"instances": [record["instance"]]}
            answer = client.post("/v1/predict", json=body)
            assert answer.json()["predictions"] == [record["prediction"]]
            ids.append(answer.headers["X-Request-ID"])
    return ids


def ask_until_it_says(server: Server, event: str) -> list[str]:
    """Ask until that is the last that the log says of the prediction log."""
    ids: list[str] = []
    end = time.monotonic() + PATIENCE_SECONDS
    while read_said(server)[-1:] != [event]:
        assert time.monotonic() < end
        ids += ask_many(server, 5)
    return ids


def read_said(server: Server) -> list[str]:
    """Return what the log says of the prediction log."""
    events = [event["event"] for event in server.events]
    return [event for event in events if event in (LOST, WRITTEN)]


def read_lines(disk: TinyDisk) -> Iterator[dict[str, Any]]:
    """Yield the lines of all files; each has to be whole."""
    for path in sorted(disk.folder.glob("log.*.jsonl")):
        text = path.read_text()
        assert not text or text.endswith("\n")
        yield from map(json.loads, text.splitlines())


def count_lost(answer: httpx.Response) -> float:
    scrape = Scrape(answer.raise_for_status().text)
    return scrape.read("model_prediction_log_dropped_total", reason="disk")


def test_a_full_disk_costs_lines_that_are_counted_until_there_is_room(
    serve: Serve, mount: Mount, folder: Path
) -> None:
    disk = mount(folder, KILOBYTES)
    server = serve_on(serve, disk, folder)
    ids = ask_many(server, 20)
    disk.fill()
    ids += ask_until_it_says(server, LOST)
    ids += ask_many(server, 100)
    disk.empty()
    ids += ask_until_it_says(server, WRITTEN)
    ids += ask_many(server, 20)
    lost = count_lost(server.client.get("/metrics"))
    assert server.stop() == 0
    lines = [line["request_id"] for line in read_lines(disk)]
    assert lines.count(ids[-1]) == 1
    assert len(set(lines)) == len(lines)
    assert set(lines) < set(ids)
    assert len(lines) + lost == len(ids)
    # Told where it begins: a last page may take one line more now and then.
    assert read_said(server).count(LOST) < lost / 10


def test_what_a_full_disk_left_unfinished_is_ended_before_the_next_line(
    serve: Serve, mount: Mount, folder: Path
) -> None:
    """The end of its line finds no room at first, and is not forgotten."""
    disk = mount(folder, KILOBYTES)
    (disk.folder / "log.0.jsonl").write_bytes(PAGE_BYTES * b"x")  # no byte more fits
    disk.fill()
    server = serve_on(serve, disk, folder)
    ask_many(server, 1)
    server.wait_for(LOST)
    disk.empty()
    ids = ask_until_it_says(server, WRITTEN)
    assert server.stop() == 0
    unfinished, *lines = (disk.folder / "log.0.jsonl").read_text().splitlines()
    assert unfinished == PAGE_BYTES * "x"
    assert json.loads(lines[-1])["request_id"] == ids[-1]
