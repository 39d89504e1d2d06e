"""What arrives is held within bounds, however many send large bodies at once."""

import json
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
from conftest import Serve
from peak_memory import read_peak
from pipelines import CREDIT
from server import PATIENCE_SECONDS, UNLIMITED, Server
from traffic import TYPICAL

from service.server.body_budget import ROOM_BYTES

BODY_BYTES = 8 * 2**20
CALLERS = 40
HELD_AT_ONCE = ROOM_BYTES // BODY_BYTES


def connect(server: Server) -> socket.socket:
    address = httpx.URL(server.url)
    return socket.create_connection((address.host, address.port or 0), PATIENCE_SECONDS)


def write_request(server: Server) -> bytes:
    """Return a good request of the largest size, most of it blanks."""
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode().ljust(BODY_BYTES)
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: a\r\nX-API-Key: {server.key}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {BODY_BYTES}\r\n\r\n"
    )
    return head.encode() + body


def wait_for_answers(connections: list[socket.socket], count: int) -> None:
    """Wait until so many of the connections have been answered."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while count > 0:
            ready = selector.select(PATIENCE_SECONDS)
            assert ready, f"{count} more were to be answered"
            for key, _ in ready:
                selector.unregister(key.fileobj)
            count -= len(ready)


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def test_many_half_sent_large_bodies_are_held_within_bounds(serve: Serve) -> None:
    server = serve(
        CREDIT,
        **UNLIMITED,
        WEB_CONCURRENCY="1",
        SERVICE_RECEIVE_TIMEOUT_SECONDS=str(10 * PATIENCE_SECONDS),
    )
    [pid] = server.pids
    before = read_peak(pid)
    request = write_request(server)
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(CALLERS)]
        for connection in connections:
            connection.sendall(request[:-1])
        wait_for_answers(connections, CALLERS - HELD_AT_ONCE)
        # A buffer that grows is copied, and takes some more than it holds.
        assert read_peak(pid) - before < 2 * ROOM_BYTES < CALLERS * BODY_BYTES
        small = server.predict([TYPICAL["instance"]])
        assert small.json()["predictions"] == [TYPICAL["prediction"]]
        answers = list(finish(connections, request[-1:]))
    statuses = [answer.split()[1] for answer in answers]
    assert set(statuses) == {b"200", b"503"}
    assert 1 <= statuses.count(b"200") <= HELD_AT_ONCE
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 503 " in head.splitlines()[0]:
            assert b"\r\nRetry-After: 1" in head
            assert json.loads(body)["detail"] == "Too much is arriving at once."
    # A connection that is kept holds nothing of what has been answered.
    body = request[request.index(b"{") :]
    with ExitStack() as stack:
        for _ in range(2 * HELD_AT_ONCE):
            client = stack.enter_context(server.connect())
            client.headers["Content-Type"] = "application/json"
            assert client.post("/v1/predict", content=body).status_code == 200


def finish(connections: list[socket.socket], rest: bytes) -> Iterator[bytes]:
    """Send the rest over each connection that is still waited on."""
    for connection in connections:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(rest)
        yield read_all(connection)
