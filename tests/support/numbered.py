"""Callers whose requests bear ids of their own, over connections that they keep."""

import contextlib
import http.client
import itertools
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from calling_threads import CallingThreads
from pipelines import CREDIT
from raw import connect, write_request
from server import Server

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]


@dataclass
class Seen:
    """What callers have seen, by the ids of their requests."""

    sent: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    # Answers that are not those of the next request.
    wrong: list[str] = field(default_factory=list)
    # The local port of each connection that ended, and what was under way on it.
    ended: list[tuple[int, list[str]]] = field(default_factory=list)


class Numbered(CallingThreads):
    """Callers that send so many requests at a time each, until they are told to stop.

    A request is sent once, and no two that follow one another have the same answer.
    """

    def __init__(self, server: Server, batches: Sequence[int]) -> None:
        super().__init__(
            partial(self._call, f"caller-{number}", size)
            for number, size in enumerate(batches)
        )
        self.seen = Seen()
        self._server = server

    def _call(self, name: str, size: int) -> None:
        numbers = itertools.count()
        while not self._is_over.is_set():
            with connect(self._server) as connection:
                port, under_way = connection.getsockname()[1], list[str]()
                try:
                    with connection.makefile("rb") as stream:
                        while not self._is_over.is_set():
                            batch = [next(numbers) for _ in range(size)]
                            under_way += self._send(connection, name, batch)
                            for number in batch:
                                self._check(stream, under_way[0], number)
                                under_way.pop(0)
                except ConnectionError:
                    self.seen.ended.append((port, under_way))

    def _send(
        self, connection: socket.socket, name: str, batch: list[int]
    ) -> list[str]:
        """Send requests together, and return their ids."""
        ids = [f"{name}-{number}" for number in batch]
        requests = [
            write_request(self._server, pick(number)[0], f"X-Request-ID: {request_id}")
            for number, request_id in zip(batch, ids, strict=True)
        ]
        self.seen.sent += ids
        with contextlib.suppress(ConnectionError):  # the reader is told of it, too
            connection.sendall(b"".join(requests))
        return ids

    def _check(self, stream: BinaryIO, request_id: str, number: int) -> None:
        status, found_id, body = read_answer(stream)
        self.seen.answered.append(request_id)
        right = (200, request_id, [pick(number)[1]])
        if (status, found_id, json.loads(body).get("predictions")) != right:
            self.seen.wrong.append(f"{request_id}: {status} {found_id} {body!r}")
        self._asked.release()


def pick(number: int) -> tuple[object, object]:
    """Return the instance of a request, and its prediction."""
    record = RECORDS[number % len(RECORDS)]
    return record["instance"], record["prediction"]


def read_answer(stream: BinaryIO) -> tuple[int, str, bytes]:
    """Return the status, the id and the body of the next answer.

    Raises ConnectionError where the connection ends in its midst.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError
    try:
        headers = http.client.parse_headers(stream)
    except http.client.HTTPException:
        raise ConnectionError from None
    size = int(headers.get("Content-Length", -1))
    body = stream.read(size)
    if not 0 <= size == len(body):
        raise ConnectionError
    return int(line.split()[1]), headers["X-Request-ID"], body
