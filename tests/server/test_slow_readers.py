"""Whose answers wait for a reader, and which of them makes room."""

import socket

from service.server.connection import Connection
from service.server.slow_readers import (
    ADDRESS_ROOM_BYTES,
    ROOM_BYTES,
    SlowReaders,
)


def queue(readers: SlowReaders, address: str, size: int) -> Connection:
    """Let an answer of a size wait for an address."""
    with socket.socket() as sock:
        connection = Connection(sock, (address, 1), None)
    connection.unsent = [memoryview(bytes(size))]
    readers.note(connection)
    return connection


def test_one_answer_alone_is_never_too_much() -> None:
    readers = SlowReaders()
    queue(readers, "a", ROOM_BYTES + 1)
    assert readers.find_excess() is None


def test_an_address_has_a_part_of_the_room_and_its_slowest_reader_makes_more() -> None:
    readers = SlowReaders()
    slowest, _ = (queue(readers, "a", ADDRESS_ROOM_BYTES // 2) for _ in range(2))
    queue(readers, "b", 1)
    assert readers.find_excess() is None
    queue(readers, "a", 1)
    assert readers.find_excess() is slowest
    readers.forget(slowest)
    assert readers.find_excess() is None


def test_all_together_have_the_room_of_a_worker() -> None:
    readers = SlowReaders()
    small = queue(readers, "small", 1)
    for number in range(5):
        queue(readers, f"large-{number}", ADDRESS_ROOM_BYTES - 1)
    assert readers.find_excess() not in (None, small)


def test_what_is_taken_is_counted_no_more() -> None:
    readers = SlowReaders()
    connections = [queue(readers, "a", ADDRESS_ROOM_BYTES) for _ in range(2)]
    assert readers.find_excess() is connections[0]
    for connection in connections:
        connection.unsent = [memoryview(b"a")]
        readers.note(connection)
    assert readers.find_excess() is None
