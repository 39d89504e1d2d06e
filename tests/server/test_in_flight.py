"""What waits is taken up one by one, and a scrape before what has not been."""

import socket

from service.server.connection import Connection
from service.server.exchange import Exchange
from service.server.in_flight import InFlight
from service.server.limits import WorkerLimits
from service.server.request import HTTP_1_1, Request


def put(backlog: InFlight, path: str) -> None:
    """Let a request wait."""
    request = Request("GET", path, HTTP_1_1)
    request.read_target()
    with socket.socket() as sock:
        backlog.put(Exchange(Connection(sock, None, None), request, seconds=10))


def test_a_scrape_is_taken_up_before_the_rest_of_a_gathering() -> None:
    backlog = InFlight(WorkerLimits(), threads=1, takes_all=True)
    for number in range(3):
        put(backlog, f"/{number}")
    count = backlog.find_work()
    exchanges = backlog.take_up(count)
    first = next(exchanges)
    put(backlog, "/metrics")
    taken = [each.request.path for each in (first, *exchanges)]
    assert taken == ["/0", "/metrics", "/1"]
    assert not backlog.find_work()  # its thread is not done
    backlog.give_back()
    assert backlog.find_work() == 1


def test_one_scrape_goes_first_and_others_wait_their_turn() -> None:
    backlog = InFlight(WorkerLimits(), threads=1, takes_all=True)
    for path in ("/0", "/metrics", "/1", "/metrics", "/metrics/x"):
        put(backlog, path)
    taken = [each.request.path for each in backlog.take_up(5)]
    assert taken == ["/metrics", "/0", "/1", "/metrics", "/metrics/x"]


def test_what_was_answered_before_it_was_begun_is_held_no_more() -> None:
    backlog = InFlight(WorkerLimits(), threads=1, takes_all=True)
    put(backlog, "/0")
    put(backlog, "/1")
    [taken] = backlog.take_up(1)
    for exchange in backlog:
        backlog.drop(exchange)
    assert list(backlog) == [taken]  # a thread has it, and finishes it
    assert not backlog.find_work()
