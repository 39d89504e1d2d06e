"""20,000 mutated requests through nginx: the service sees those that nginx forwards."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import Serve
from front import BUFFERING, KEPT_CONNECTIONS, Front, Seen
from pipelines import CREDIT
from raw import read_answer, write_request
from server import Server
from traffic import TYPICAL
from volley import REQUESTS, VARIABLES, is_expected, mutate_requests, send_each

# The method in the log for a request whose head, and with it the id, cannot be read.
UNREAD = "UNREAD"

# What nginx forwards though HTTP forbids it, or the service allows less: controls in a
# value, two types, bytes over 127 in a target, short and long methods, 101 headers; and
# the beginning of a body, before it has seen that the rest is malformed.
FORWARDED = {
    *("InvalidHeader", "InvalidRequestLine", "InvalidRequestMethod"),
    *("LimitRequestHeaders", "IncompleteBody"),
    "BadRequest",  # a Host with a byte over 127
}


@pytest.fixture
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    front = Front(tmp_path_factory.mktemp("front"), "")
    yield front
    front.stop()


class Journal:
    """What a server says of requests, by their ids."""

    def __init__(self, server: Server) -> None:
        lines = [event for event in server.events if event["event"] == "request"]
        self.lines = {line["request_id"]: line for line in lines}
        assert len(self.lines) == len(lines), "two requests with one id"
        self.refused = {
            event["reason"]
            for event in server.events
            if event["event"] == "invalid_request"
        }


def test_the_service_sees_the_requests_that_nginx_forwards(
    serve: Serve, front: Front
) -> None:
    server = serve(CREDIT, **VARIABLES)
    front.start([int(server.url.rsplit(":", 1)[1])])
    requests = mutate_requests(server)
    for buffering in BUFFERING:
        send_each(partial(front.connect_socket, buffering), requests)
    ask_by_every_connection(server, front)
    seen = front.finish()
    server.stop()
    journal = Journal(server)
    check_none_is_unknown(seen, journal)
    for each in seen:
        if each.is_answered:
            check_same(each, journal.lines[each.answered_id])
    assert journal.refused <= FORWARDED


def check_none_is_unknown(seen: list[Seen], journal: Journal) -> None:
    """Hold what the service saw against what nginx says that it forwarded."""
    answered = Counter(each.answered_id for each in seen if each.is_answered)
    assert answered.total() > REQUESTS // 2  # most of the others nginx refuses
    assert answered.keys() <= journal.lines.keys()
    assert set(answered.values()) == {1}
    given_up = {each.request_id for each in seen if each.is_given_up}
    unknown = journal.lines.keys() - answered.keys() - given_up
    assert {journal.lines[each]["method"] for each in unknown} <= {UNREAD}
    assert len(unknown) <= len(given_up - journal.lines.keys())


def check_same(seen: Seen, line: dict[str, Any]) -> None:
    """Hold what the service says of a request against what nginx does."""
    assert seen.upstream_status == seen.status == str(line["status"]), (seen, line)
    assert is_expected(line["status"]), (seen, line)
    if line["request_id"] != seen.request_id:
        assert line["method"] == UNREAD, (seen, line)
        assert line["status"] >= 400, (seen, line)
        return
    assert line["method"] == seen.method, (seen, line)
    if line["route"] is not None:
        path = "/" + unquote(re.split("[?#]", seen.target)[0]).lstrip("/")
        route = line["route"].replace("<path:name>", path.removeprefix("/docs/"))
        assert route == path, (seen, line)


def ask_by_every_connection(server: Server, front: Front) -> None:
    """Ask for so much at once that nginx takes every connection that it has kept.

    When it asks for a body, it has taken one for the request.
    """
    request = write_request(server, TYPICAL["instance"], "Expect: 100-continue")
    head, _, body = request.partition(b"\r\n\r\n")
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(front.connect_socket("off"))
            for _ in range(KEPT_CONNECTIONS)
        ]
        for connection in connections:
            connection.sendall(head + b"\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        for connection in connections:
            connection.sendall(body)
            status, _, answer = read_answer(connection)
            assert status == 200
            assert json.loads(answer)["predictions"] == [TYPICAL["prediction"]]
