"""Mutated requests, each sent over a connection of its own, and what is answered."""

import contextlib
import select
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from answers import STATUS_LINE
from raw import read_all
from server import UNLIMITED, Server
from wire_mutations import iterate_mutants
from wire_requests import KEY

SEED = 9112
REQUESTS = 20_000
CALLERS = 8

# Between the two parts of a request. Nothing tells when the other side has read the
# first; within this time it mostly has, and where it has not, they come as one.
PAUSE_SECONDS = 0.002

# For a server that is sent them: it logs health checks, too.
VARIABLES = {**UNLIMITED, "SERVICE_LOG_LEVEL": "DEBUG"}


def mutate_requests(server: Server) -> list[bytes]:
    """Return the same requests every time, with a key that the server knows."""
    key = server.key.encode()
    assert len(key) == len(KEY)
    return [each.replace(KEY, key) for each in iterate_mutants(SEED, REQUESTS)]


def send_each(
    connect: Callable[[], socket.socket], requests: list[bytes]
) -> list[bytes]:
    """Send requests in two parts each and nothing behind, and return the answers.

    Raises AssertionError where the other side neither answers nor closes.
    """
    rng = Random(SEED)
    cuts = [rng.randrange(len(each) + 1) for each in requests]

    def send(request: bytes, cut: int) -> bytes:
        with connect() as connection:
            try:
                return _send(connection, request, cut)
            except TimeoutError:
                raise AssertionError(f"{request!r} hangs") from None

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(send, requests, cuts))


def _send(connection: socket.socket, request: bytes, cut: int) -> bytes:
    # Whoever refuses a request may close before all of it has been sent, or read.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(request[:cut])
        select.select([connection], [], [], PAUSE_SECONDS)
        connection.sendall(request[cut:])
        connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        return read_all(connection)
    return b""


def find_statuses(answers: bytes) -> list[int]:
    """Return the statuses of the answers of a connection, but for 100 Continue.

    No body of the service has a line that ends as theirs do.
    """
    found = (int(each[2]) for each in STATUS_LINE.finditer(answers))
    return [status for status in found if status >= 200]


def is_expected(status: int) -> bool:
    """Whether a status blames the caller, if anyone."""
    return status < 500 or status in (501, 505)
