"""What waits is taken up one by one, and a scrape before what has not been."""

import socket

from service.web.worker.backlog import Backlog
from service.web.worker.bounds import Bounds
from service.web.worker.connection import Connection, Exchange
from service.web.worker.framing import Frame


def put(backlog: Backlog, line: bytes) -> None:
    """Let a request wait."""
    with socket.socket() as sock:
        connection = Connection(sock, None, None)
        backlog.put(Exchange(connection, Frame(), line, seconds=10))


def test_a_scrape_is_taken_up_before_the_rest_of_a_gathering() -> None:
    backlog = Backlog(Bounds(), threads=1, takes_all=True)
    for number in range(3):
        put(backlog, b"POST /%d" % number)
    count = backlog.find_work()
    exchanges = backlog.take_up(count)
    first = next(exchanges)
    put(backlog, b"GET /metrics")
    taken = [each.received for each in (first, *exchanges)]
    assert taken == [b"POST /0", b"GET /metrics", b"POST /1"]
    assert not backlog.find_work()  # its thread is not done
    backlog.give_back()
    assert backlog.find_work() == 1
