"""Connections: accepted, counted for all workers to see, and closed."""

import socket

import pytest
from event_loop import Loop, open_loop
from server import PATIENCE_SECONDS

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OTHER_SLOT = 0

loop = pytest.fixture(open_loop)


def test_the_count_is_published_while_connections_are_accepted(loop: Loop) -> None:
    loop.connections.set_accepting(True)
    assert loop.balance.find_fewest() == 1
    loop.balance.publish(OTHER_SLOT, 9)
    loop.connections.close(loop.connection)
    assert loop.balance.find_fewest() == 0
    loop.connections.set_accepting(False)
    assert loop.balance.find_fewest() == 9


def test_a_caller_that_has_left_is_not_counted_while_its_answer_is_made(
    loop: Loop,
) -> None:
    """Or the next ones would all go to the workers that have not its answer to make."""
    loop.connections.set_accepting(True)
    loop.ask(REQUEST)
    loop.caller.close()
    while not loop.connection.is_over:
        loop.turn()
    assert loop.connection.is_busy
    assert loop.balance.find_fewest() == 0
    loop.connections.close(loop.connection)
    assert loop.balance.find_fewest() == 0


def test_a_new_connection_takes_the_place_of_the_one_idle_the_longest(
    loop: Loop,
) -> None:
    loop.ask(REQUEST)
    busy = loop.connection
    idle = loop.connect()
    last = loop.connect()
    assert next(iter(loop.connections)) is busy
    assert len(loop.connections) == 2
    assert idle.recv(1) == b""
    last.sendall(REQUEST)
    while len(loop.taken) < 2:
        loop.turn()


def test_a_connection_that_another_worker_accepted_first_is_no_fault(
    loop: Loop,
) -> None:
    loop.balance.publish(OTHER_SLOT, 0)
    loop.connections.set_accepting(True)
    with socket.create_connection(loop.listener.getsockname(), PATIENCE_SECONDS):
        loop.listener.accept()[0].close()
        assert loop.connections.accept(loop.listener)
    assert len(loop.connections) == 1
    assert loop.connection.watched
    assert loop.balance.find_fewest() == 0
    loop.balance.withdraw(OTHER_SLOT)
    assert loop.balance.find_fewest() == 1


def test_an_event_of_a_connection_that_was_closed_meanwhile_counts_for_nothing(
    loop: Loop,
) -> None:
    loop.connections.set_accepting(True)
    connection = loop.connection
    loop.caller.sendall(REQUEST)
    [(key, _)] = loop.poller.select(PATIENCE_SECONDS)
    loop.connections.close(connection)
    key.data(key.fileobj)
    assert loop.balance.find_fewest() == 0
    assert not loop.taken
