"""Callers that ask a server over and over, while something happens to it."""

import json
import threading
from typing import Protocol

import httpx
from pipelines import CREDIT
from server import PATIENCE_SECONDS

TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]


class Reachable(Protocol):
    """A server, or what stands before some."""

    key: str

    def connect(self, key: str = "") -> httpx.Client:
        """Return a client of it."""


def ask(client: httpx.Client) -> httpx.Response:
    """Ask for the prediction of one typical instance."""
    return client.post("/v1/predict", json={"instances": [TYPICAL["instance"]]})


class Traffic:
    """Callers that ask over and over, each over one connection, until told to stop."""

    def __init__(self, server: Reachable, callers: int, key: str = "") -> None:
        self._server = server
        self._key = key or server.key
        self._is_over = threading.Event()
        self.failures: list[str] = []
        self._asked = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._ask) for _ in range(callers)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, requests: int) -> None:
        """Wait until so many more requests have come to their end."""
        for _ in range(requests):
            assert self._asked.acquire(timeout=PATIENCE_SECONDS)

    def _ask(self) -> None:
        with self._server.connect(self._key) as client:
            while not self._is_over.is_set():
                try:
                    answer = ask(client)
                    if answer.json().get("predictions") != [TYPICAL["prediction"]]:
                        self.failures.append(answer.text)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                self._asked.release()
