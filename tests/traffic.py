"""Callers that ask a server over and over, while something happens to it."""

import itertools
import json
import threading

import httpx
from pipelines import CREDIT
from server import Server

TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]


def ask(client: httpx.Client) -> httpx.Response:
    """Ask for the prediction of one typical instance."""
    return client.post("/v1/predict", json={"instances": [TYPICAL["instance"]]})


class Traffic:
    """Callers that ask over and over, each over one connection, until told to stop."""

    def __init__(self, server: Server, callers: int, key: str = "") -> None:
        self._server = server
        self._key = key or server.key
        self._is_over = threading.Event()
        self.failures: list[str] = []
        self.count = itertools.count()
        self._threads = [threading.Thread(target=self._ask) for _ in range(callers)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with self._server.connect(self._key) as client:
            while not self._is_over.is_set():
                try:
                    answer = ask(client)
                    if answer.json().get("predictions") != [TYPICAL["prediction"]]:
                        self.failures.append(answer.text)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                next(self.count)
