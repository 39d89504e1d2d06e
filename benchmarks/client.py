"""A client that asks a server and compares every answer with the pipeline's."""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.process import Running
from benchmarks.server import Server
from benchmarks.workload import Instance, Workload

TOLERANCE = 1e-9
START_SECONDS = 90.0
CLIENTS = 16


class WrongAnswerError(Exception):
    """A server answered, and not what the pipeline answers."""


class NotServingError(Exception):
    """A server did not start, or answered with an error."""


class Client:
    """Asks one server for the answers of one workload."""

    def __init__(self, server: Server, workload: Workload, port: int) -> None:
        self._server = server
        self._workload = workload
        self._port = port

    def ask(self, first: int, last: int) -> None:
        """Ask for some of the instances. Raises for any answer but the right one."""
        server, workload = self._server, self._workload
        body = fetch(server, workload.instances[first:last], self._port)
        if not server.is_limit:
            answers = server.read(body)
            compare_answers(server.name, answers, workload.expected[first:last])

    def wait(self, running: Running) -> float:
        """Return the seconds from the start to the first answer."""
        while time.perf_counter() < running.started + START_SECONDS:
            try:
                self.ask(0, 1)
            except NotServingError as error:
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


def fetch(server: Server, instances: Sequence[Instance], port: int) -> bytes:
    """Ask once over a new connection, and return the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = server.write(instances)
    headers = {"Content-Type": "application/json", **server.headers}
    try:
        connection.request("POST", server.path, body, headers)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotServingError(f"{server.name} did not answer: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise NotServingError(f"{server.name}: {response.status}, {content!r:.500}")
    return content


def compare_answers(
    name: str, answers: Sequence[float], expected: Sequence[float]
) -> None:
    """Raise WrongAnswerError where a server answers otherwise than the pipeline."""
    if len(answers) != len(expected):
        raise WrongAnswerError(f"{name}: {len(answers)} of {len(expected)} answers")
    for index, (answer, right) in enumerate(zip(answers, expected, strict=True)):
        if not abs(answer - right) <= TOLERANCE:
            raise WrongAnswerError(
                f"{name}: {answer!r} is not {right!r} for instance {index}"
            )
