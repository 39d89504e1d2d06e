"""20,000 mutated requests: answered as a strict reading of RFC 9112 has them."""

import socket
from functools import partial

from conftest import Serve
from pipelines import CREDIT
from raw import connect, read_all
from strict_reading import read_requests
from volley import VARIABLES, find_statuses, is_expected, mutate_requests, send_each


def test_each_request_of_a_strict_reading_is_answered_once(serve: Serve) -> None:
    server = serve(CREDIT, **VARIABLES)
    requests = mutate_requests(server)
    answers = send_each(partial(connect, server), requests)
    unanswered = [
        request
        for request, answer in zip(requests, answers, strict=True)
        if not is_each_answered(request, answer)
    ]
    server.stop()
    # A caller that ends its side late, as may happen here, is taken to have given up.
    gone = [event for event in server.events if event["event"] == "caller_gone"]
    assert len(unanswered) <= len(gone), unanswered[:3]


def is_each_answered(request: bytes, answer: bytes) -> bool:
    """Hold the answers of a connection against a strict reading of what was sent.

    Return True if no request is without an answer, but for those behind a refusal.
    """
    readings = read_requests(request)
    statuses = find_statuses(answer)
    assert len(statuses) <= len(readings), (request, statuses)
    assert all(map(is_expected, statuses)), (request, statuses)
    for reading, status in zip(readings, statuses, strict=False):
        assert status >= 400 or not reading.is_malformed, (request, statuses)
    whole = [reading for reading in readings if not reading.is_malformed]
    closes = b"\r\nConnection: close\r\n" in answer
    is_refused = bool(statuses) and statuses[-1] >= 400 and closes
    return len(statuses) >= len(whole) or is_refused


def test_what_comes_behind_a_health_check_is_answered_at_the_end_of_a_connection(
    serve: Serve,
) -> None:
    """By the time of the third, which the loop answers, the end has been seen."""
    server = serve(CREDIT, **VARIABLES)
    paths = (b"none", b"none", b"health", b"none")
    requests = b"".join(b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths)
    with connect(server) as connection:
        connection.sendall(requests)
        connection.shutdown(socket.SHUT_WR)
        assert find_statuses(read_all(connection)) == [404, 404, 200, 404]
