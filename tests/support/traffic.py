"""Callers that ask a server over and over, while something happens to it."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx
from calling_threads import CallingThreads
from pipelines import CREDIT
from server import PATIENCE_SECONDS

TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]

# No window ends within a test, at whatever time of the day it runs.
LIMIT = {"SERVICE_RATE_LIMIT_REQUESTS": "200/100 year"}

CALLERS = 8
REQUESTS_A_CONNECTION = 20

# What is counted where a request brought no answer, since its worker was killed.
LOST = 0

# Between two requests of a caller, where callers only have to be there while something
# else is waited for: without it they take all of the machine from what they wait for.
PAUSE_SECONDS = 0.01


class Reachable(Protocol):
    """A server, or what stands before some."""

    key: str

    def connect(self, key: str = "") -> httpx.Client:
        """Return a client of it."""


def ask(client: httpx.Client) -> httpx.Response:
    """Ask for the prediction of one typical instance."""
    return client.post("/v1/predict", json={"instances": [TYPICAL["instance"]]})


def ask_anew(server: Reachable, key: str, requests: int) -> list[int]:
    """Ask over new connections, which go to any worker, and return the statuses."""
    with server.connect(key) as client:
        client.headers["Connection"] = "close"
        return [ask(client).status_code for _ in range(requests)]


def ask_until(server: Reachable, key: str, status: int) -> None:
    """Ask until the answer has a status."""
    end = time.monotonic() + PATIENCE_SECONDS
    while ask_anew(server, key, 1) != [status]:
        assert time.monotonic() < end


def fire(
    servers: Sequence[Reachable],
    requests: int,
    *,
    key: str = "",
    tick: Callable[[], object] = lambda: None,
) -> Counter[int]:
    """Ask from 8 callers at once, in sum so many times, and count the statuses."""

    def call(number: int) -> list[int]:
        statuses = []
        with servers[number % len(servers)].connect(key) as client:
            for _ in range(requests // CALLERS):
                try:
                    statuses.append(ask(client).status_code)
                except httpx.TransportError:
                    statuses.append(LOST)
                tick()
        return statuses

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(itertools.chain.from_iterable(pool.map(call, range(CALLERS))))


class Traffic(CallingThreads):
    """Callers that ask over and over, until told to stop.

    Each takes a new connection now and then, so that all of them reach every worker.
    """

    def __init__(self, server: Reachable, callers: int, key: str = "") -> None:
        super().__init__(itertools.repeat(self._ask, callers))
        self._server = server
        self._key = key or server.key
        self.failures: list[str] = []

    def _ask(self) -> None:
        with self._server.connect(self._key) as client:
            for number in itertools.count(1):
                if self._is_over.wait(PAUSE_SECONDS):
                    return
                is_last = number % REQUESTS_A_CONNECTION == 0
                client.headers["Connection"] = "close" if is_last else "keep-alive"
                try:
                    answer = ask(client)
                    if answer.json().get("predictions") != [TYPICAL["prediction"]]:
                        self.failures.append(answer.text)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                self._asked.release()
