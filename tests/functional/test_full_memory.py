"""A /dev/shm that is full: no start by half, no SIGBUS, no 500, and no limit lost.

The counts of limits, metrics and drift, and the keys that were good last, lie there.
"""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Mount, Serve
from pipelines import CREDIT
from scrape import read_counters
from server import UNLIMITED, Server
from tinydisk import TinyDisk
from traffic import TYPICAL, ask_anew

from service.web.access.key_file import Terms, create_key

MEMORY = Path("/dev/shm")
KILOBYTES = 4096

# What says that something is not kept there.
LOSSES = {"metrics_lost", "drift_lost", "keys_not_kept"}


@pytest.fixture
def memory(mount: Mount) -> TinyDisk:
    """A small /dev/shm."""
    return mount(MEMORY, KILOBYTES)


def find_losses(server: Server) -> set[str]:
    return {event["event"] for event in server.events} & LOSSES


def find_strange_ends(server: Server) -> list[str]:
    """Return what gunicorn said of workers that ended by a signal other than ours."""
    events = [e["event"] for e in server.events]
    return [e for e in events if "was sent SIG" in e and "SIGKILL" not in e]


def ask_for_everything(server: Server) -> set[int]:
    """Ask what makes new series: each status of each route, and many violations."""
    instance = TYPICAL["instance"]
    odd: tuple[Any, ...] = (None, [], "x" * 20_000, 1e300, -1, True, "never seen")
    bodies = [
        {"instances": [{**instance, name: value}]} for name in instance for value in odd
    ]
    statuses = set()
    with server.connect() as client:
        for body in bodies:
            statuses.add(client.post("/v1/predict", json=body).status_code)
        for path in ("/v1/model", "/v1/drift", "/metrics", "/health", "/docs", "/no"):
            for method in ("GET", "POST", "PUT"):
                for key in (server.key, "none"):
                    headers = {"X-API-Key": key}
                    answer = client.request(method, path, headers=headers)
                    statuses.add(answer.status_code)
    return statuses


def test_a_service_without_room_for_its_limits_does_not_start(
    mount: Mount, tmp_path: Path
) -> None:
    memory = mount(MEMORY, 64)
    refusal = read_refusal(Server(CREDIT, tmp_path / "server", {}, memory.entrance))
    assert "The store of limits /dev/shm/" in refusal
    assert "No space left on device" in refusal


def read_refusal(server: Server) -> str:
    """Return the one sentence in which a server says why it does not start."""
    assert server.wait_for_exit() != 0
    server.stop()
    assert "Traceback" not in "".join(server.lines)
    [refusal] = [e for e in server.lines if e.startswith("The service does not start")]
    return refusal


def test_a_service_with_room_for_its_limits_alone_answers_and_says_what_it_lacks(
    serve: Serve, memory: TinyDisk, tmp_path: Path
) -> None:
    server = serve(CREDIT, within=memory.entrance, **UNLIMITED)
    variables = {**UNLIMITED, "SERVICE_API_KEYS_FILE": str(server.keys_file)}
    memory.fill()
    # It shares the store of limits of the first, and has room for nothing else.
    second = serve(CREDIT, within=memory.entrance, **variables)
    assert find_losses(second) >= {"metrics_lost", "drift_lost"}
    second.key = server.key
    assert set(ask_anew(second, server.key, 20)) == {200}
    assert ask_for_everything(second) == {200, 401, 404, 405, 422}
    assert not find_strange_ends(second)


def test_memory_that_fills_while_a_service_answers_costs_counts_alone(
    serve: Serve, memory: TinyDisk
) -> None:
    server = serve(CREDIT, within=memory.entrance, **UNLIMITED)
    key = create_key(
        server.keys_file, "limited", ("predict",), Terms(requests="20/100 year")
    )
    server.wait_for_each_worker("keys_read")
    assert Counter(ask_anew(server, key, 5)) == {200: 5}
    before = read_counters(server.client.get("/metrics").text)
    memory.fill()
    assert ask_for_everything(server) == {200, 401, 404, 405, 422}
    assert find_losses(server) == {"metrics_lost"}
    after = read_counters(server.client.get("/metrics").text)
    assert not [series for series in before if after[series] < before[series]]
    # The store of limits has its memory from the start.
    assert Counter(ask_anew(server, key, 20)) == {200: 15, 429: 5}
    assert not find_strange_ends(server)


def test_workers_are_replaced_while_memory_is_full_and_count_once_it_is_not(
    serve: Serve, memory: TinyDisk
) -> None:
    server = serve(CREDIT, within=memory.entrance, **UNLIMITED)
    memory.fill()
    os.kill(server.pids[-1], signal.SIGKILL)
    server.wait_for("ready")
    server.process.send_signal(signal.SIGHUP)  # there are more of them for a while
    server.wait_for_each_worker("ready")
    assert ask_for_everything(server) == {200, 401, 404, 405, 422}
    assert find_losses(server) == {"metrics_lost", "drift_lost"}
    memory.empty()
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_each_worker("ready")
    said = len(server.events)
    assert ask_for_everything(server) == {200, 401, 404, 405, 422}
    assert not [e for e in server.events[said:] if e["event"] in LOSSES]
    assert not find_strange_ends(server)


def test_keys_are_read_while_memory_is_full(serve: Serve, memory: TinyDisk) -> None:
    server = serve(CREDIT, within=memory.entrance, **UNLIMITED)
    memory.fill()
    for client in "abc":
        key = create_key(server.keys_file, client, ("predict",))
        server.wait_for_each_worker("keys_not_kept")
        assert set(ask_anew(server, key, 10)) == {200}
    # What could not be kept leaves nothing behind, or each change would add to it.
    assert not list(memory.folder.glob("*.server/.key-*"))
