"""The corpora of requests over raw sockets: each is served or refused, and in sync."""

import contextlib
import socket
from collections import Counter

import pytest
from answers import Answer, parse_answers
from conftest import Served
from corpora import CANARY, Case, load_cases
from raw import connect, read_all
from server import Server

CASES = load_cases()

# These take some 10 milliseconds to send; longer requests are sent in larger pieces.
MOST_PIECES = 2000


def send_case(server: Server, case: Case, size: int) -> list[Answer]:
    """Return the answers to a case that is sent in pieces of a size."""
    data = case.data + (CANARY if case.ends == "canary" else b"")
    with connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The server may refuse and close before all is sent.
        with contextlib.suppress(OSError):
            for start in range(0, len(data), size):
                connection.sendall(data[start : start + size])
            if case.ends == "half_close":
                connection.shutdown(socket.SHUT_WR)
        return parse_answers(read_all(connection), to_head=case.is_head)


def check_answers(case: Case, answers: list[Answer]) -> list[int]:
    """Check the answers to a case against the RFCs, and return their statuses."""
    finals = [answer for answer in answers if answer.is_final]
    outcome = case.find_outcome(finals)
    got = [(answer.status, answer.request_id) for answer in finals]
    assert outcome in case.outcomes, f"RFC {case.rfc}: {got} {case.note}"
    assert case.interim or finals == answers, "an interim answer that nobody asked for"
    assert {answer.version for answer in answers} <= case.versions
    if outcome != "dropped":
        judged = finals[min(case.requests, len(finals)) - 1]
        assert not case.status or judged.status in case.status
        assert set(case.headers) <= set(judged.headers)
    return [answer.status for answer in finals]


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=f"{s}: {c.name}") for s, c in CASES]
)
def test_a_request_is_answered_as_the_rfcs_allow(case: Case, served: Served) -> None:
    server = served("credit-risk")
    whole = check_answers(case, send_case(server, case, size=2**20))
    size = 1 + len(case.data) // MOST_PIECES
    assert check_answers(case, send_case(server, case, size)) == whole


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/nowhere"])
def test_head_tells_the_length_of_get(path: str, served: Served) -> None:
    """The canary behind it shows that it has no body."""
    lengths = []
    for method in ("GET", "HEAD"):
        text = f"{method} {path} HTTP/1.1\r\nHost: a\r\nX-Request-ID: same\r\n\r\n"
        case = Case(path, text, "served", "9110 9.3.2")
        answer, _ = send_case(served("credit-risk"), case, size=len(text))
        lengths.append(answer.headers["Content-Length"])
    assert lengths[0] == lengths[1] != "0"


def test_the_corpora_are_whole() -> None:
    """No case is lost by an edit, and no name is used twice."""
    names = Counter((corpus, case.name) for corpus, case in CASES)
    assert max(names.values()) == 1
    assert Counter(corpus for corpus, _ in CASES) == {
        "attack": 292,
        "gunicorn": 129,
        "h11": 90,
        "http11probe": 198,
        "llhttp": 141,
    }
