"""What is counted, while workers are killed and replaced under load."""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
from calling_threads import CallingThreads
from conftest import Serve
from pipelines import CREDIT
from scrape import Scrape, Series, find_folder, read_counters
from server import PATIENCE_SECONDS, UNLIMITED, Server
from traffic import PAUSE_SECONDS, ask

WORKERS = 4
KILLS = 20
# A file each of counters, histograms, two kinds of gauges, and drift, for each worker
# that lives at a time: while a reload goes on, twice as many. The master counts, too,
# and there is the file of the keys that were good last.
MOST_FILES = 5 * (2 * WORKERS + 1) + 1


class Callers(CallingThreads):
    """Callers that count what they send, and what they are answered."""

    def __init__(self, server: Server, callers: int) -> None:
        super().__init__(itertools.repeat(self._ask, callers))
        self._server = server
        self.sent = itertools.count()
        self.answered: Counter[int] = Counter()
        self._lock = threading.Lock()

    def _ask(self) -> None:
        while not self._is_over.is_set():
            with self._server.connect() as client:
                self._ask_until_it_breaks(client)

    def _ask_until_it_breaks(self, client: httpx.Client) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            next(self.sent)
            try:
                answer = ask(client)
            except httpx.HTTPError:
                return
            with self._lock:
                self.answered[answer.status_code] += 1


def scrape(server: Server) -> Scrape:
    with server.connect() as client:
        return Scrape(client.get("/metrics").raise_for_status().text)


def kill_a_worker(server: Server) -> None:
    """One that would be replaced: those before a reload end anyway."""
    alive = [pid for pid in server.pids if Path(f"/proc/{pid}").exists()]
    os.kill(random.choice(alive[-WORKERS:]), signal.SIGKILL)
    server.wait_for("ready")


def test_counters_equal_what_callers_counted_through_kills_and_a_reload(
    serve: Serve,
) -> None:
    server = serve(CREDIT, WEB_CONCURRENCY=str(WORKERS), **UNLIMITED)
    folder = find_folder(server.process.pid)
    before: dict[Series, float] = {}
    with Callers(server, 4) as load:
        for kill in range(KILLS):
            kill_a_worker(server)
            if kill == KILLS // 2:
                server.process.send_signal(signal.SIGHUP)
                for _ in range(WORKERS):
                    server.wait_for("ready")
            seen = read_counters(scrape(server).text)
            fallen = {series for series in before if seen[series] < before[series]}
            assert not fallen
            assert len(list(folder.iterdir())) <= MOST_FILES
            before = seen
    end = scrape(server)
    patience = time.monotonic() + PATIENCE_SECONDS
    counted = {
        status: end.read(
            "http_request_duration_seconds_count", route="/v1/predict", status=status
        )
        for status in load.answered
    }
    assert load.answered[200] > KILLS
    for status, answered in load.answered.items():
        assert answered <= counted[status]
    assert sum(counted.values()) <= next(load.sent)
    assert end.read("service_worker_exits_total") >= KILLS + WORKERS
    while scrape(server).read("service_workers_ready") != WORKERS:
        assert time.monotonic() < patience  # the newest says so a moment after its log
    server.stop()
    assert not folder.exists()
