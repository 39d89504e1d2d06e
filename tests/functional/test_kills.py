"""Workers that are killed over and over, while callers keep their connections."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import httpx
from conftest import Serve
from numbered import Numbered
from pipelines import CREDIT
from server import PATIENCE_SECONDS, UNLIMITED, Server

KILLS = 12

# How many requests each of the callers sends at a time.
BATCHES = (1, 1, 1, 5, 20)


def test_a_kill_costs_what_was_under_way_on_the_connections_of_that_worker_alone(
    serve: Serve,
) -> None:
    server = serve(CREDIT, **UNLIMITED, WEB_CONCURRENCY="3")
    lost: set[int] = set()
    with Numbered(server, BATCHES) as callers:
        for number in range(KILLS):
            callers.wait_for(60)
            alive = [pid for pid in server.pids if Path(f"/proc/{pid}").exists()]
            lost |= kill(server, alive[number % len(alive)])
            server.wait_for("ready")
        callers.wait_for(60)
    assert server.stop() == 0
    seen = callers.seen
    assert seen.wrong == []
    assert lost
    assert {port for port, _ in seen.ended} <= lost
    under_way = [request_id for _, ids in seen.ended for request_id in ids]
    assert sorted(seen.answered + under_way) == sorted(seen.sent)
    check_log(server, seen.answered, seen.sent)


def check_log(server: Server, answered: list[str], sent: list[str]) -> None:
    """Hold the log against what callers saw: it has each answer, and none twice."""
    lines = [e for e in server.events if e["event"] == "request"]
    logged = Counter(line["request_id"] for line in lines)
    assert set(answered) <= set(logged) <= set(sent)
    assert set(logged.values()) == {1}
    assert {line["status"] for line in lines} == {200}


def kill(server: Server, process: int) -> set[int]:
    """Kill a worker, and return the ports of the callers that it had.

    It is stopped first, so that it takes no other meanwhile.
    """
    os.kill(process, signal.SIGSTOP)
    end = time.monotonic() + PATIENCE_SECONDS
    while "\nState:\tT" not in Path(f"/proc/{process}/status").read_text():
        assert time.monotonic() < end
    ports = find_callers(process, httpx.URL(server.url).port or 0)
    os.kill(process, signal.SIGKILL)
    return ports


def find_callers(process: int, port: int) -> set[int]:
    """Return the ports at the other ends of a process's connections at its port."""
    files = [os.readlink(path) for path in Path(f"/proc/{process}/fd").iterdir()]
    rows = Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]
    return {
        int(row.split()[2].rpartition(":")[2], 16)
        for row in rows
        if row.split()[1].endswith(f":{port:04X}")
        and f"socket:[{row.split()[9]}]" in files
    }
