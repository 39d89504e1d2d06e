"""A connection between the event loop and the thread that answers, step by step."""

import math
from contextlib import suppress

import pytest
from event_loop import LARGE_BYTES, Loop, open_loop
from gunicorn.config import Config

from service.server.connection import FIRST_READ_BYTES, MAX_AHEAD_BYTES
from service.server.reader import CHUNKS_A_TURN, RequestReader
from service.server.transport import LINGER_SECONDS, SEND_SECONDS

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE_REQUEST = (
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE_BYTES
) + bytes(LARGE_BYTES)
CHUNK = b"1\r\na\r\n"
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

# More than the buffers of both sockets take.
LARGE_ANSWER = bytes(64 * 2**20)

KEEPALIVE_SECONDS = 75.0

loop = pytest.fixture(open_loop)


def read(loop: Loop, size: int) -> None:
    """Let the caller read so many bytes."""
    while size:
        size -= len(loop.caller.recv(min(size, 2**20)))


def test_the_loop_waits_for_the_thread_that_left_part_of_an_answer(loop: Loop) -> None:
    loop.ask(REQUEST)
    connection = loop.connection
    connection.send([LARGE_ANSWER])  # by a thread, which has not looked what is left
    left = connection.unsent_bytes
    assert left
    read(loop, len(LARGE_ANSWER) - left)
    loop.caller.sendall(REQUEST)
    loop.turn()
    assert connection.unsent_bytes == left
    assert connection.is_busy
    assert len(loop.taken) == 1


def test_what_a_thread_left_is_sent_before_the_next_request_is_taken(
    loop: Loop,
) -> None:
    first = loop.ask(2 * REQUEST)
    loop.transport.send(loop.connection, [LARGE_ANSWER], keeps=True)
    left = len(LARGE_ANSWER)
    while loop.connection.unsent:
        assert loop.taken == [first]
        read(loop, left - loop.connection.unsent_bytes)
        left = loop.connection.unsent_bytes
        loop.turn()
    read(loop, left)
    assert len(loop.taken) == 2
    assert loop.connection.is_busy


def test_what_is_here_of_a_large_request_is_read_before_another_is_judged(
    loop: Loop,
) -> None:
    loop.caller.sendall(LARGE_REQUEST)
    loop.turn()
    [only] = loop.taken
    assert only.request.body.read() == bytes(LARGE_BYTES)


def test_what_is_sent_ahead_is_bounded_however_often_a_request_is_taken(
    loop: Loop,
) -> None:
    loop.caller.setblocking(False)
    sent = 0
    for _ in range(200):
        with suppress(BlockingIOError):
            sent += loop.caller.send(1000 * REQUEST)
        for key, _ in loop.poller.select(0):
            key.data(key.fileobj)
        if len(loop.taken) and loop.connection.is_busy:
            loop.transport.send(loop.connection, [b"a"], keeps=True)
    assert sent > 4 * MAX_AHEAD_BYTES
    assert len(loop.connection.buffer) <= MAX_AHEAD_BYTES + FIRST_READ_BYTES


@pytest.mark.parametrize("is_answer_first", [True, False])
def test_a_paused_connection_is_scheduled_once(
    loop: Loop, is_answer_first: bool
) -> None:
    """Though the loop has two reasons to look at it: an answer sent, and more bytes."""
    request = CHUNKED_HEAD + 8 * CHUNKS_A_TURN * CHUNK
    reader, left = RequestReader(Config(), len(request)), bytearray(request + CHUNK)
    reader.read(left)
    assert reader.is_paused
    loop.ask(REQUEST + request)
    connection = loop.connection
    loop.transport.send(connection, [b"a"], keeps=True)  # has the loop look for more
    loop.caller.sendall(CHUNK)
    while len(events := loop.poller.select()) < 2:
        pass
    keys = [key for key, _ in events]
    keys.sort(key=lambda key: (key.fileobj is connection.sock) == is_answer_first)
    for key in keys:
        key.data(key.fileobj)
    assert connection.buffer == left
    assert not connection.watched
    due = loop.transport.next_due
    loop.transport.take_due(due - 0.001)
    assert connection.buffer == left
    reader.read(left)
    loop.transport.take_due(due)
    assert connection.buffer == left


def test_the_end_of_an_answer_is_the_end_of_a_connection_that_is_not_kept(
    loop: Loop,
) -> None:
    loop.ask(REQUEST)
    connection = loop.connection
    loop.transport.send(connection, [b"answer"], keeps=False)
    while not connection.lingers:
        loop.turn()
    assert loop.caller.recv(100) == b"answer"
    assert loop.caller.recv(100) == b""
    loop.caller.sendall(REQUEST)  # is thrown away
    loop.turn()
    loop.caller.close()
    while len(loop.connections):
        loop.turn()
    assert len(loop.taken) == 1


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        ("idle", KEEPALIVE_SECONDS),
        ("half a head", 15.0),
        ("unread", SEND_SECONDS),
        ("lingering", LINGER_SECONDS),
        ("busy", math.inf),
    ],
)
def test_a_connection_is_closed_when_its_time_is_over(
    loop: Loop, state: str, seconds: float
) -> None:
    connection = loop.connection
    if state == "half a head":
        loop.caller.sendall(REQUEST[:-1])
        loop.turn()
    elif state != "idle":
        loop.ask(REQUEST)
    if state == "unread":
        loop.transport.send(connection, [LARGE_ANSWER], keeps=True)
    elif state == "lingering":
        loop.transport.send(connection, [b"a"], keeps=False)
        while not connection.lingers:
            loop.turn()
    since = connection.since
    loop.transport.close_late(since + min(seconds, 1e6) - 0.5, KEEPALIVE_SECONDS)
    assert len(loop.connections) == 1
    loop.transport.close_late(since + seconds + 0.5, KEEPALIVE_SECONDS)
    assert len(loop.connections) == (state == "busy")
