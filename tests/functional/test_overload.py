"""More than a worker can take: it is refused at once, and nothing else is."""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import httpx
import pytest
from conftest import Package
from moody_server import Moody, run_moody
from raw import connect, read_all, read_answer, write_request
from scrape import Scrape

# More than a worker reads at once.
LARGE_BYTES = 512 * 1024

IN_FLIGHT = 3
FULL = {"WEB_CONCURRENCY": "1", "SERVICE_MAX_IN_FLIGHT": str(IN_FLIGHT)}


@pytest.fixture(scope="module")
def shared(
    packaged: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Moody]:
    folder = tmp_path_factory.mktemp("full")
    with run_moody(packaged("moody"), folder, **FULL) as moody:
        yield moody


@pytest.fixture
def moody(shared: Moody) -> Iterator[Moody]:
    """A server that a few requests keep busy, for as long as a test holds them."""
    shared.hold()
    yield shared
    shared.finish()


def release(moody: Moody, held: set[Future[httpx.Response]]) -> None:
    """Let go, and wait until all that was held is answered."""
    moody.let_go()
    assert [future.result().status_code for future in held] == [200] * len(held)


def test_more_than_a_worker_can_take_is_refused_at_once(
    moody: Moody,
) -> None:
    answer, held = moody.fill(IN_FLIGHT)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == "application/problem+json"
    for path in ("/health/live", "/health/ready"):
        assert moody.server.client.get(path).status_code == 200
    with connect(moody.server) as connection:
        connection.sendall(write_request(moody.server, {"x": 2.5}))
        assert read_answer(connection)[0] == 503
        release(moody, held)
        connection.sendall(write_request(moody.server, {"x": 2.5}))
        assert read_answer(connection)[0] == 200


def test_a_large_request_is_refused_by_its_head_and_its_body_passed_over(
    moody: Moody,
) -> None:
    _, held = moody.fill(IN_FLIGHT)
    large = write_request(moody.server, {"x": 2.5}, size=LARGE_BYTES)
    end_of_head = large.index(b"\r\n\r\n") + 4
    with connect(moody.server) as connection:
        connection.sendall(large[:end_of_head])
        status, headers, body = read_answer(connection)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert headers["Content-Type"] == "application/problem+json"
        assert json.loads(body)["detail"] == "This process has too much to do."
        middle = end_of_head + LARGE_BYTES // 2
        connection.sendall(large[end_of_head:middle])
        release(moody, held)
        connection.sendall(large[middle:] + write_request(moody.server, {"x": 2.5}))
        assert read_answer(connection)[0] == 200
    with connect(moody.server) as connection:
        connection.sendall(large)
        assert read_answer(connection)[0] == 200


def test_requests_behind_a_large_one_that_is_refused_are_found(
    moody: Moody,
) -> None:
    _, held = moody.fill(IN_FLIGHT)
    ids = [f"number-{n}" for n in range(6)]
    requests = [
        write_request(moody.server, {"x": 2.5}, f"X-Request-ID: {name}", size=size)
        for name, size in zip(ids, 3 * (LARGE_BYTES, 0), strict=True)
    ]
    with connect(moody.server) as connection:
        connection.sendall(b"".join(requests))
        answers = [read_answer(connection) for _ in requests]
        assert [status for status, _, _ in answers] == [503] * 6
        assert [headers["X-Request-ID"] for _, headers, _ in answers] == ids
        release(moody, held)
        connection.sendall(requests[0])
        assert read_answer(connection)[0] == 200


def test_a_small_request_is_not_refused_before_it_is_all_here(
    moody: Moody,
) -> None:
    _, held = moody.fill(IN_FLIGHT)
    request = write_request(moody.server, {"x": 2.5})
    with connect(moody.server) as connection:
        connection.sendall(request[:-1])
        assert moody.ask(2.5).status_code == 503
        release(moody, held)
        connection.sendall(request[-1:])
        assert read_answer(connection)[0] == 200


@pytest.mark.parametrize("length", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_no_body_is_asked_for_that_would_be_refused(moody: Moody, length: str) -> None:
    moody.fill(IN_FLIGHT)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: a\r\n{length}\r\n"
    with connect(moody.server) as connection:
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nConnection: close" in answer


def test_a_body_that_was_asked_for_is_judged_when_it_is_all_here(
    moody: Moody,
) -> None:
    expecting = "Expect: 100-continue"
    request = write_request(moody.server, {"x": 2.5}, expecting, size=LARGE_BYTES)
    head, _, body = request.partition(b"\r\n\r\n")
    with connect(moody.server) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        _, held = moody.fill(IN_FLIGHT)
        connection.sendall(body[:-1])
        assert moody.ask(2.5).status_code == 503
        release(moody, held)
        connection.sendall(body[-1:])
        assert read_answer(connection)[0] == 200


def test_the_rest_of_what_was_refused_is_not_waited_for_without_end(
    packaged: Package, tmp_path: Path
) -> None:
    variables = {**FULL, "GUNICORN_CMD_ARGS": "--keep-alive 1"}
    with run_moody(packaged("moody"), tmp_path, **variables) as moody:
        moody.fill(IN_FLIGHT)
        request = write_request(moody.server, {"x": 2.5}, size=LARGE_BYTES)
        with connect(moody.server) as connection:
            connection.sendall(request[:-1])
            assert read_answer(connection)[0] == 503
            assert read_all(connection) == b""


def test_health_is_answered_by_a_worker_that_is_full_whatever_body_is_sent(
    moody: Moody,
) -> None:
    moody.fill(IN_FLIGHT)
    with connect(moody.server) as connection:
        head = f"GET /health/ready HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE_BYTES}"
        connection.sendall(head.encode() + b"\r\n\r\n" + bytes(LARGE_BYTES))
        assert read_answer(connection)[0] == 200


def test_a_scrape_is_answered_by_a_worker_that_has_too_much_to_do(
    moody: Moody,
) -> None:
    moody.fill(IN_FLIGHT)
    with moody.server.connect() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    scrape = Scrape(answer.text)
    assert scrape.read("http_requests_rejected_total", reason="overloaded") >= 1
