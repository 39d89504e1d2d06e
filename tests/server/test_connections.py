"""A connection between the loop and the thread that answers, each step by itself."""

import logging
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import PollableMethodQueue
from server import PATIENCE_SECONDS

from service.server.balance import Balance
from service.server.connection import FIRST_READ_BYTES, MAX_AHEAD_BYTES, Connection
from service.server.connections import Connections
from service.server.exchange import Exchange
from service.server.intake import Intake
from service.server.limits import WorkerLimits

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

# More than is read at first, and no more than a socket keeps unread.
LARGE_BYTES = 100 * 1024
LARGE_REQUEST = (
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE_BYTES
) + bytes(LARGE_BYTES)

# More than the buffers of both sockets take.
LARGE_ANSWER = bytes(64 * 2**20)


class Loop:
    """Connections without a worker, and a caller of theirs."""

    def __init__(self, stack: ExitStack) -> None:
        self.poller = stack.enter_context(selectors.DefaultSelector())
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * LARGE_BYTES)
        address = listener.getsockname()
        self.caller = stack.enter_context(socket.create_connection(address))
        self.caller.settimeout(PATIENCE_SECONDS)
        queue = PollableMethodQueue()
        queue.init()
        stack.callback(queue.close)
        run = queue.run_callbacks
        self.poller.register(queue.fileno(), selectors.EVENT_READ, run)
        self.balance = Balance()
        worker = SimpleNamespace(
            poller=self.poller,
            cfg=Config(),
            method_queue=queue,
            balance=self.balance,
            slot=3,
            log=logging.getLogger("service"),
        )
        self.taken: list[Exchange] = []
        intake = Intake(
            worker.cfg,
            WorkerLimits(),
            take_on=self.taken.append,
            refuse=lambda *_: None,
            find_refusal=lambda _: None,
        )
        self.connections = Connections(worker, intake, receive_timeout_seconds=15.0)
        self.connections.accept(listener)
        stack.callback(self.connection.sock.close)

    @property
    def connection(self) -> Connection:
        """The only one."""
        [connection] = self.connections
        return connection

    def turn(self) -> None:
        """Do one turn, once something has happened."""
        for key, _ in self.poller.select(PATIENCE_SECONDS):
            key.data(key.fileobj)

    def read(self, size: int) -> None:
        """Let the caller read so many bytes."""
        while size:
            size -= len(self.caller.recv(min(size, 2**20)))


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop with one connection."""
    with ExitStack() as stack:
        yield Loop(stack)


def test_the_loop_waits_for_the_thread_that_left_part_of_an_answer(loop: Loop) -> None:
    loop.caller.sendall(REQUEST)
    loop.turn()
    connection = loop.connection
    connection.send([LARGE_ANSWER])  # by a thread, which has not looked what is left
    left = connection.unsent_bytes
    assert left
    loop.read(len(LARGE_ANSWER) - left)
    loop.caller.sendall(REQUEST)
    loop.turn()
    assert connection.unsent_bytes == left
    assert connection.is_busy
    assert len(loop.taken) == 1


def test_what_a_thread_left_is_sent_before_the_next_request_is_taken(
    loop: Loop,
) -> None:
    loop.caller.sendall(2 * REQUEST)
    loop.turn()
    [first] = loop.taken
    loop.connections.send(loop.connection, [LARGE_ANSWER], keeps=True)
    left = len(LARGE_ANSWER)
    while loop.connection.unsent:
        assert loop.taken == [first]
        loop.read(left - loop.connection.unsent_bytes)
        left = loop.connection.unsent_bytes
        loop.turn()
    loop.read(left)
    assert len(loop.taken) == 2
    assert loop.connection.is_busy


def test_what_is_here_of_a_large_request_is_read_before_another_is_judged(
    loop: Loop,
) -> None:
    loop.caller.sendall(LARGE_REQUEST)
    loop.turn()
    [only] = loop.taken
    assert only.request.body.read() == bytes(LARGE_BYTES)


def test_it_says_how_many_are_open_while_more_are_taken(loop: Loop) -> None:
    loop.connections.tell(is_open=True)
    assert loop.balance.find_fewest() == 1
    loop.balance.tell(0, 9)
    loop.connections.close(loop.connection)
    assert loop.balance.find_fewest() == 0
    loop.connections.tell(is_open=False)
    assert loop.balance.find_fewest() == 9


def test_a_caller_that_has_left_weighs_nothing_while_its_answer_is_made(
    loop: Loop,
) -> None:
    """Or the next ones would all go to the workers that have not its answer to make."""
    loop.connections.tell(is_open=True)
    assert loop.balance.find_fewest() == 1
    loop.caller.sendall(REQUEST)
    loop.turn()
    loop.caller.close()
    while not loop.connection.is_over:
        loop.turn()
    assert loop.connection.is_busy
    assert loop.balance.find_fewest() == 0
    loop.connections.close(loop.connection)
    assert loop.balance.find_fewest() == 0


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
            loop.connections.send(loop.connection, [b"a"], keeps=True)
    assert sent > 4 * MAX_AHEAD_BYTES
    assert len(loop.connection.buffer) <= MAX_AHEAD_BYTES + FIRST_READ_BYTES


def test_an_event_of_a_connection_that_was_closed_meanwhile_counts_for_nothing(
    loop: Loop,
) -> None:
    loop.connections.tell(is_open=True)
    connection = loop.connection
    loop.caller.sendall(REQUEST)
    [(key, _)] = loop.poller.select(PATIENCE_SECONDS)
    loop.connections.close(connection)
    key.data(key.fileobj)
    assert loop.balance.find_fewest() == 0
    assert not loop.taken
