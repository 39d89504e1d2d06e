"""Asks a server as a client would, and compares every answer."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.process import Running
from benchmarks.server import Server
from benchmarks.workload import Workload

TOLERANCE = 1e-9
START_SECONDS = 90.0
CLIENTS = 16


class WrongAnswerError(Exception):
    """A server answered, and not what the pipeline answers."""


class NotServingError(Exception):
    """A server did not start, or answered with an error."""


class Client:
    """One server, asked for the answers of one workload."""

    def __init__(self, server: Server, workload: Workload, port: int) -> None:
        """Connect to nothing yet."""
        self._server = server
        self._workload = workload
        self._port = port

    def ask(self, first: int, last: int) -> None:
        """Ask for some of the instances. Raises for any answer but the right one."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        body = json.dumps(self._server.encode(self._workload.instances[first:last]))
        headers = {"Content-Type": "application/json", **self._server.headers}
        try:
            connection.request("POST", self._server.path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise NotServingError(
                f"{self._server.name} answered {response.status}: {content[:500]!r}"
            )
        self._compare(self._server.decode(json.loads(content)), first, last)

    def _compare(self, answers: list[float], first: int, last: int) -> None:
        if self._server.is_limit:
            return
        expected = self._workload.expected[first:last]
        if len(answers) != len(expected):
            raise WrongAnswerError(
                f"{self._server.name}: {len(answers)} of {len(expected)} answers"
            )
        for index, (answer, right) in enumerate(zip(answers, expected, strict=True)):
            if not abs(answer - right) <= TOLERANCE:
                raise WrongAnswerError(
                    f"{self._server.name}: {answer!r} is not {right!r}"
                    f" for instance {first + index}"
                )

    def wait(self, running: Running) -> float:
        """Return the seconds from the start to the first answer."""
        while time.perf_counter() < running.started + START_SECONDS:
            try:
                self.ask(0, 1)
            except (OSError, http.client.HTTPException, NotServingError) as error:
                last = error
            else:
                return time.perf_counter() - running.started
            if running.root.poll() is not None:
                break
            time.sleep(0.01)
        raise NotServingError(f"{self._server.name} did not start: {last}")

    def verify(self) -> None:
        """Ask one by one, then many at once, where batches may mix, then for all."""
        for index in range(8):
            self.ask(index, index + 1)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in pool.map(lambda i: self.ask(i, i + 1), range(20 * CLIENTS)):
                pass
        self.ask(0, len(self._workload.instances))
