"""What waits is taken one by one: small requests first, and a scrape before them."""

import socket

import pytest

from service.server.connection import Connection
from service.server.http_exchange import HttpExchange
from service.server.in_flight import (
    MAX_YIELD_SHARE,
    YIELD_SECONDS_PER_BYTE,
    InFlight,
)
from service.server.request import HTTP_1_1, Request
from service.settings import Settings

BULK_BYTES = 30_000

# For which a body of BULK_BYTES lets others go ahead.
YIELD_SECONDS = BULK_BYTES * YIELD_SECONDS_PER_BYTE


@pytest.fixture
def in_flight() -> InFlight:
    return InFlight(Settings(), threads=1, is_held=bool)


def put(
    in_flight: InFlight,
    path: str,
    size: int = 0,
    *,
    arrived: float = 0.0,
    seconds: float = 10.0,
) -> None:
    """Let a request wait that came at a time and is wanted within some seconds."""
    request = Request("GET", path, HTTP_1_1)
    request.read_target()
    request.set_body(bytes(size))
    with socket.socket() as sock:
        exchange = HttpExchange(Connection(sock, None, None), request, seconds)
    exchange.arrived, exchange.deadline = arrived, arrived + seconds
    in_flight.put(exchange)


def take(in_flight: InFlight) -> list[str]:
    """Return the paths of all that waits, in its order."""
    return [each.request.path for each in in_flight.take(len(in_flight))]


def test_equals_are_taken_as_they_came(in_flight: InFlight) -> None:
    for number in range(5):
        put(in_flight, f"/{number}", BULK_BYTES)
    assert take(in_flight) == [f"/{number}" for number in range(5)]


def test_a_small_request_goes_ahead_of_bulk_that_has_not_waited_for_long(
    in_flight: InFlight,
) -> None:
    put(in_flight, "/bulk", BULK_BYTES)
    put(in_flight, "/larger", 2 * BULK_BYTES)
    put(in_flight, "/small", 300, arrived=YIELD_SECONDS / 2)
    put(in_flight, "/later", 300, arrived=YIELD_SECONDS * 1.1)
    assert take(in_flight) == ["/small", "/bulk", "/later", "/larger"]


def test_a_request_that_is_wanted_soon_lets_others_ahead_for_a_part_of_that(
    in_flight: InFlight,
) -> None:
    seconds = YIELD_SECONDS
    put(in_flight, "/bulk", BULK_BYTES, seconds=seconds)
    put(in_flight, "/small", arrived=seconds * MAX_YIELD_SHARE * 0.9)
    put(in_flight, "/later", arrived=seconds * MAX_YIELD_SHARE * 1.1)
    assert take(in_flight) == ["/small", "/bulk", "/later"]


def test_a_scrape_is_taken_before_the_rest_of_a_batch(in_flight: InFlight) -> None:
    for number in range(3):
        put(in_flight, f"/{number}")
    exchanges = in_flight.take(in_flight.find_work())
    first = next(exchanges)
    put(in_flight, "/metrics")
    taken = [each.request.path for each in (first, *exchanges)]
    assert taken == ["/0", "/metrics", "/1"]
    assert not in_flight.find_work()  # its thread is not done
    in_flight.give_back()
    assert in_flight.find_work() == 1


def test_one_scrape_goes_first_and_others_wait_their_turn(in_flight: InFlight) -> None:
    for path in ("/0", "/metrics", "/1", "/metrics", "/metrics/x"):
        put(in_flight, path)
    assert take(in_flight) == ["/metrics", "/0", "/1", "/metrics", "/metrics/x"]


def test_what_was_answered_before_it_was_begun_is_held_no_more(
    in_flight: InFlight,
) -> None:
    put(in_flight, "/0")
    put(in_flight, "/1")
    [taken] = in_flight.take(1)
    for exchange in in_flight:
        in_flight.drop(exchange)
    assert list(in_flight) == [taken]  # a thread has it, and finishes it
    assert not in_flight.find_work()


def test_where_requests_are_predicted_together_one_thread_has_work() -> None:
    held = False
    in_flight = InFlight(Settings(), threads=3, is_held=lambda: held)
    for number in range(3):
        put(in_flight, f"/{number}")
    assert in_flight.find_work() == 3
    assert in_flight.find_work() == 0
    held = True
    assert [in_flight.find_work() for _ in range(3)] == [3, 3, 0]
    held = False
    in_flight.give_back()
    assert [in_flight.find_work() for _ in range(2)] == [3, 0]
    for _ in range(3):
        in_flight.give_back()
    assert [in_flight.find_work() for _ in range(2)] == [3, 0]
