"""Slow callers, and more connections than a worker has files for."""

import contextlib
import itertools
import json
import os
import socket

import pytest
from conftest import Serve, Served
from pipelines import CREDIT
from raw import connect, limit_files, read_all, read_answer, write_request
from server import Server
from traffic import TYPICAL, ask

from service.server.slow_readers import ADDRESS_ROOM_BYTES

# Of the largest asset, and less than its kernel's buffers take of it.
ASSET_BYTES = 1_000_000


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    """A server of one worker, which is never replaced."""
    return serve_module(CREDIT, WEB_CONCURRENCY="1")


# Slow callers


def test_a_hundred_halves_of_requests_hold_nobody_up(served: Served) -> None:
    server = served("credit-risk")
    request = write_request(server, TYPICAL["instance"])
    with contextlib.ExitStack() as stack:
        for size in itertools.islice(itertools.cycle((1, 30, len(request) - 1)), 100):
            connection = stack.enter_context(connect(server))
            connection.sendall(request[:size])
        for _ in range(20):
            answer = server.predict([TYPICAL["instance"]])
            assert answer.json()["predictions"] == [TYPICAL["prediction"]]


def test_a_request_that_does_not_arrive_in_time_is_given_up(serve: Serve) -> None:
    server = serve(CREDIT, SERVICE_RECEIVE_TIMEOUT_SECONDS="0.5")
    request = write_request(server, TYPICAL["instance"])
    with connect(server) as half_a_body, connect(server) as half_a_head:
        half_a_body.sendall(request[:-1])
        half_a_head.sendall(request[:30])
        head, _, body = read_all(half_a_body).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in head
        assert json.loads(body)["title"] == "Request Timeout"
        assert read_all(half_a_head) == b""


def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    server = served("credit-risk")
    with connect(server) as connection:
        for byte in write_request(server, TYPICAL["instance"], "Connection: close"):
            connection.sendall(bytes([byte]))
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_together_are_answered_in_their_order(served: Served) -> None:
    server = served("credit-risk")
    ids = [f"X-Request-ID: number-{n}" for n in range(20)]
    requests = [write_request(server, TYPICAL["instance"], line) for line in ids]
    last = write_request(server, TYPICAL["instance"], "Connection: close")
    with connect(server) as connection:
        connection.sendall(b"".join(requests) + last)
        answers = read_all(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert len(answers) == 21
    for line, answer in zip(ids, answers, strict=False):
        assert line.encode() in answer


def test_tiny_chunks_hold_up_nobody_and_are_read_to_their_end(served: Served) -> None:
    """More of them than are read at a time, behind which the caller sends no more."""
    server = served("credit-risk")
    request = write_request(server, TYPICAL["instance"], "Transfer-Encoding: chunked")
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [each for each in head.split(b"\r\n") if b"Content-Length" not in each]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body.ljust(2000))
    with connect(server) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", chunks + b"0\r\n\r\n"]))
        connection.shutdown(socket.SHUT_WR)
        status, _, answer = read_answer(connection)
    assert status == 200
    assert json.loads(answer)["predictions"] == [TYPICAL["prediction"]]


def test_a_body_is_asked_for_where_the_caller_waits_to_be_asked(served: Served) -> None:
    server = served("credit-risk")
    lines = ("Expect: 100-continue", "Connection: close")
    request = write_request(server, TYPICAL["instance"], *lines)
    head, _, body = request.partition(b"\r\n\r\n")
    with connect(server) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_is_not_read_holds_nobody_up(server: Server) -> None:
    request = write_request(server, TYPICAL["instance"])
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connect(server))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(BlockingIOError):
                connection.setblocking(False)
                for _ in range(5):
                    connection.send(100 * request)
        assert server.predict([TYPICAL["instance"]]).status_code == 200


def test_answers_that_nobody_reads_are_bounded_for_an_address(server: Server) -> None:
    server.skip_lines()
    asset = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(2 * ADDRESS_ROOM_BYTES // ASSET_BYTES):
            connection = stack.enter_context(connect(server))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(asset)
        assert server.wait_for("slow_reader_closed")["ip"] == "127.0.0.1"
        assert server.predict([TYPICAL["instance"]]).status_code == 200


# More connections than files


def test_connections_leave_a_worker_the_files_that_it_opens_itself(
    serve: Serve,
) -> None:
    with limit_files(256):
        server = serve(CREDIT, WEB_CONCURRENCY="1")
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(server))
        with server.connect() as client:
            assert client.get("/metrics").status_code == 200
            assert ask(client).json()["predictions"] == [TYPICAL["prediction"]]
        [process] = server.pids
        assert len(os.listdir(f"/proc/{process}/fd")) < 200
    assert not [e for e in server.events if e["event"] == "worker_fault"]


def test_a_connection_that_no_file_is_left_for_takes_that_of_an_idle_one(
    serve: Serve,
) -> None:
    with limit_files(256):
        arguments = "--worker-connections 1000"
        server = serve(CREDIT, WEB_CONCURRENCY="1", GUNICORN_CMD_ARGS=arguments)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(server))
        with server.connect() as client:
            assert ask(client).json()["predictions"] == [TYPICAL["prediction"]]
    assert not find_accept_faults(server)
    assert len(server.pids) == 1


def test_a_connection_waits_where_no_file_is_left_and_no_other_is_idle(
    server: Server,
) -> None:
    server.skip_lines()
    [process] = server.pids
    with contextlib.ExitStack() as stack:
        with limit_files(5, process):
            connection = stack.enter_context(connect(server))
            connection.sendall(write_request(server, TYPICAL["instance"]))
            server.wait_for("no_room_for_connections")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert not find_accept_faults(server)
    assert server.pids == [process]


def find_accept_faults(server: Server) -> list[str]:
    """Return the faults that were logged of connections that cannot be accepted."""
    faults = [e["exc_info"] for e in server.events if e["event"] == "worker_fault"]
    return [fault for fault in faults if "accept" in fault]
