"""Good requests, mutated: never a 5xx, and each answer fits what is published."""

import http.client
import json
import socket
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lines import check_lines
from mutations import GOLDEN, bodies, flip, headers
from pipelines import CREDIT
from server import PATIENCE_SECONDS, UNLIMITED, Server

# Drawn in the same order each time, so that what passes once passes again.
DRAWN = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

MOSTLY = st.sampled_from([True, True, True, True, False])

ANSWER = "#/paths/~1v1~1predict/post/responses/200/content/application~1json/schema"
PROBLEM = "content/application~1problem+json/schema"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(CREDIT, tmp_path_factory.mktemp("mutations") / "server", UNLIMITED)
    server.wait_until_ready()
    yield server
    server.stop()


class Answer:
    """What came back over a connection of its own."""

    def __init__(self, connection: socket.socket) -> None:
        response = http.client.HTTPResponse(connection)
        response.begin()
        self.status = response.status
        self.content_type = response.headers["Content-Type"]
        self.body = response.read()


def ask(server: Server, *parts: bytes) -> Answer:
    """Send bytes as they are, and return what is answered."""
    address = httpx.URL(server.url)
    with socket.create_connection(
        (address.host, address.port or 0), PATIENCE_SECONDS
    ) as connection:
        connection.sendall(b"".join(parts))
        return Answer(connection)


def write_head(lines: list[tuple[str, bytes]]) -> bytes:
    written = [name.encode() + b": " + value for name, value in lines]
    return b"\r\n".join([b"POST /v1/predict HTTP/1.1", b"Host: a", *written, b"", b""])


@cache
def read_document(server: Server) -> dict[str, Any]:
    """Return what the server itself publishes."""
    return dict(server.client.get("/openapi.json").json())


@cache
def find_validator(server: Server, pointer: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a schema that is published."""
    return jsonschema.Draft202012Validator({**read_document(server), "$ref": pointer})


def check_fits(server: Server, answer: Answer) -> Any:
    """Return the answer's body, which fits the schema that is published for it."""
    assert answer.status < 500, answer.body
    body = json.loads(answer.body)
    if answer.status == 200:
        assert answer.content_type == "application/json"
        pointer = ANSWER
    else:
        assert answer.content_type == "application/problem+json"
        published = read_document(server)["paths"]["/v1/predict"]["post"]["responses"]
        [pointer] = published[str(answer.status)].values()
        pointer = f"{pointer}/{PROBLEM}"
        assert body["status"] == answer.status
    find_validator(server, pointer).validate(body)
    return body


@settings(DRAWN, max_examples=1500)
@given(body=bodies())
def test_a_mutated_body_is_answered_as_published(server: Server, body: bytes) -> None:
    lines = [
        ("X-API-Key", server.key.encode()),
        ("Content-Type", b"application/json"),
        ("Content-Length", b"%d" % len(body)),
    ]
    answer = ask(server, write_head(lines), body)
    said = check_fits(server, answer)
    assert answer.status in (200, 400, 413, 422)
    if answer.status == 200:
        asked = json.loads(body)
        schema = "#/components/schemas/PredictRequest"
        find_validator(server, schema).validate(asked)
        assert len(said["predictions"]) == len(asked["instances"])


@settings(DRAWN, max_examples=500)
@given(lines=headers(), body=bodies(), is_chunked=st.booleans(), knows_key=MOSTLY)
def test_odd_headers_are_answered_as_published(
    server: Server,
    lines: list[tuple[str, bytes]],
    body: bytes,
    is_chunked: bool,
    knows_key: bool,
) -> None:
    lines = [*lines, ("X-API-Key", server.key.encode() if knows_key else b"msk_0_x")]
    if is_chunked:
        lines.append(("Transfer-Encoding", b"chunked"))
        body = b"%x\r\n%b\r\n" % (len(body), body) * bool(body) + b"0\r\n\r\n"
    else:
        lines.append(("Content-Length", b"%d" % len(body)))
    answer = ask(server, write_head(lines), body)
    check_fits(server, answer)
    assert (answer.status == 401) is not knows_key


@settings(DRAWN, max_examples=500)
@given(
    at=st.integers(0, 1000),
    mask=st.integers(1, 255),
    more=st.binary(max_size=4),
    record=st.sampled_from(GOLDEN),
)
def test_what_is_no_request_any_more_is_refused_by_a_4xx_or_by_a_close(
    server: Server, at: int, mask: int, more: bytes, record: dict[str, Any]
) -> None:
    """gunicorn refuses what is no HTTP, in its own words."""
    body = json.dumps({"instances": [record]}).encode()
    head = write_head(
        [
            ("Content-Type", b"application/json"),
            ("Content-Length", b"%d" % len(body)),
            ("X-API-Key", server.key.encode()),
        ]
    )
    at %= len(head)
    head = flip(head, at, mask)
    address = httpx.URL(server.url)
    with socket.create_connection(
        (address.host, address.port or 0), PATIENCE_SECONDS
    ) as connection:
        connection.sendall(head[:at] + more + head[at:] + body)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = Answer(connection)
        except http.client.RemoteDisconnected:
            return
    if answer.content_type == "application/problem+json":
        schema = "#/components/schemas/Problem"
        find_validator(server, schema).validate(json.loads(answer.body))
    assert answer.status < 500, answer.body


def test_every_line_of_that_log_is_json_with_its_fields(server: Server) -> None:
    """Of all the requests above, which this server has been sent."""
    server.client.get("/v1/model")
    check_lines(server.lines)
