"""The worker under slow callers, hanging models, too much work, and signals."""

import contextlib
import itertools
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest
from conftest import Package, Serve, Served
from moods import HELD
from pipelines import CREDIT
from raw import connect, limit_files, read_all, read_answer, write_request
from scrape import Scrape
from server import PATIENCE_SECONDS, Server
from traffic import TYPICAL, Traffic, ask

from service.server.slow_readers import ADDRESS_ROOM_BYTES
from service.server.watchdog import HANG_SECONDS

# Those of a worker whose model is not compiled, as the moody one is not.
MOST_THREADS = 4

# More than a worker reads at once.
LARGE_BYTES = 512 * 1024

# Of the largest asset, and less than its kernel's buffers take of it.
ASSET_BYTES = 1_000_000

ServeMoody = Callable[..., "Moody"]


class Moody:
    """A server of the moody model, and what its mood is."""

    def __init__(self, server: Server, mood: Path, pool: ThreadPoolExecutor) -> None:
        self.server = server
        self._mood = mood
        self._pool = pool

    def ask(self, x: float, **headers: str) -> httpx.Response:
        """Ask over a connection of its own."""
        return httpx.post(
            f"{self.server.url}/v1/predict",
            json={"instances": [{"x": x}]},
            headers={"X-API-Key": self.server.key, **headers},
            timeout=PATIENCE_SECONDS,
        )

    def begin(self, x: float, **headers: str) -> Future[httpx.Response]:
        """Ask in the background."""
        return self._pool.submit(self.ask, x, **headers)

    def hold(self) -> None:
        """Let the model hold what it is asked for."""
        self._mood.write_text("hold")

    def let_go(self) -> None:
        """Let the model answer what it holds."""
        self._mood.write_text("")


@pytest.fixture
def serve_moody(
    serve: Serve, packaged: Package, tmp_path: Path
) -> Iterator[ServeMoody]:
    """Boot a model that holds one value back until it is let go."""
    mood = tmp_path / "mood"
    with ThreadPoolExecutor(32) as pool:

        def boot(at_start: str = "hold", **variables: str) -> Moody:
            mood.write_text(at_start)
            server = serve(packaged("moody"), MOOD_FILE=str(mood), **variables)
            return Moody(server, mood, pool)

        yield boot
        mood.write_text("")


# Slow callers


def test_a_hundred_halves_of_requests_hold_nobody_up(serve: Serve) -> None:
    server = serve(CREDIT)
    request = write_request(server, TYPICAL["instance"])
    with contextlib.ExitStack() as stack:
        for size in itertools.islice(itertools.cycle((1, 30, len(request) - 1)), 100):
            connection = stack.enter_context(connect(server))
            connection.sendall(request[:size])
        for _ in range(20):
            answer = server.predict([TYPICAL["instance"]])
            assert answer.json()["predictions"] == [TYPICAL["prediction"]]


def test_a_request_that_does_not_arrive_in_time_is_given_up(serve: Serve) -> None:
    server = serve(CREDIT, SERVICE_RECEIVE_TIMEOUT_SECONDS="0.5")
    request = write_request(server, TYPICAL["instance"])
    with connect(server) as half_a_body, connect(server) as half_a_head:
        half_a_body.sendall(request[:-1])
        half_a_head.sendall(request[:30])
        head, _, body = read_all(half_a_body).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in head
        assert json.loads(body)["title"] == "Request Timeout"
        assert read_all(half_a_head) == b""


def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    server = served("credit-risk")
    with connect(server) as connection:
        for byte in write_request(server, TYPICAL["instance"], "Connection: close"):
            connection.sendall(bytes([byte]))
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_together_are_answered_in_their_order(served: Served) -> None:
    server = served("credit-risk")
    ids = [f"X-Request-ID: number-{n}" for n in range(20)]
    requests = [write_request(server, TYPICAL["instance"], line) for line in ids]
    last = write_request(server, TYPICAL["instance"], "Connection: close")
    with connect(server) as connection:
        connection.sendall(b"".join(requests) + last)
        answers = read_all(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert len(answers) == 21
    for line, answer in zip(ids, answers, strict=False):
        assert line.encode() in answer


def test_tiny_chunks_hold_up_nobody_and_are_read_to_their_end(served: Served) -> None:
    """More of them than are read at a time, behind which the caller sends no more."""
    server = served("credit-risk")
    request = write_request(server, TYPICAL["instance"], "Transfer-Encoding: chunked")
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [each for each in head.split(b"\r\n") if b"Content-Length" not in each]
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body.ljust(2000))
    with connect(server) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", chunks + b"0\r\n\r\n"]))
        connection.shutdown(socket.SHUT_WR)
        status, _, answer = read_answer(connection)
    assert status == 200
    assert json.loads(answer)["predictions"] == [TYPICAL["prediction"]]


def test_a_body_is_asked_for_where_the_caller_waits_to_be_asked(served: Served) -> None:
    server = served("credit-risk")
    lines = ("Expect: 100-continue", "Connection: close")
    request = write_request(server, TYPICAL["instance"], *lines)
    head, _, body = request.partition(b"\r\n\r\n")
    with connect(server) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_is_not_read_holds_nobody_up(serve: Serve) -> None:
    server = serve(CREDIT, WEB_CONCURRENCY="1")
    request = write_request(server, TYPICAL["instance"])
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connect(server))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(BlockingIOError):
                connection.setblocking(False)
                for _ in range(5):
                    connection.send(100 * request)
        assert server.predict([TYPICAL["instance"]]).status_code == 200


def test_answers_that_nobody_reads_are_bounded_for_an_address(serve: Serve) -> None:
    server = serve(CREDIT, WEB_CONCURRENCY="1")
    asset = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(2 * ADDRESS_ROOM_BYTES // ASSET_BYTES):
            connection = stack.enter_context(connect(server))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(asset)
        assert server.wait_for("slow_reader_closed")["ip"] == "127.0.0.1"
        assert server.predict([TYPICAL["instance"]]).status_code == 200


# More connections than files


def test_connections_leave_a_worker_the_files_that_it_opens_itself(
    serve: Serve,
) -> None:
    with limit_files(256):
        server = serve(CREDIT, WEB_CONCURRENCY="1")
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(server))
        with server.connect() as client:
            assert client.get("/metrics").status_code == 200
            assert ask(client).json()["predictions"] == [TYPICAL["prediction"]]
        [process] = server.pids
        assert len(os.listdir(f"/proc/{process}/fd")) < 200
    assert not [e for e in server.events if e["event"] == "worker_fault"]


def test_a_connection_that_no_file_is_left_for_takes_that_of_an_idle_one(
    serve: Serve,
) -> None:
    with limit_files(256):
        arguments = "--worker-connections 1000"
        server = serve(CREDIT, WEB_CONCURRENCY="1", GUNICORN_CMD_ARGS=arguments)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(server))
        with server.connect() as client:
            assert ask(client).json()["predictions"] == [TYPICAL["prediction"]]
    assert not find_accept_faults(server)
    assert len(server.pids) == 1


def test_a_connection_waits_where_no_file_is_left_and_no_other_is_idle(
    serve: Serve,
) -> None:
    server = serve(CREDIT, WEB_CONCURRENCY="1")
    [process] = server.pids
    with contextlib.ExitStack() as stack:
        with limit_files(5, process):
            connection = stack.enter_context(connect(server))
            connection.sendall(write_request(server, TYPICAL["instance"]))
            server.wait_for("no_room_for_connections")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert not find_accept_faults(server)
    assert server.pids == [process]


def find_accept_faults(server: Server) -> list[str]:
    """Return the faults that were logged of connections that cannot be accepted."""
    faults = [e["exc_info"] for e in server.events if e["event"] == "worker_fault"]
    return [fault for fault in faults if "accept" in fault]


# Deadlines


def test_a_model_that_hangs_costs_one_worker_that_is_replaced(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(SERVICE_PREDICT_TIMEOUT_SECONDS="1")
    hanging = moody.begin(HELD)
    hung = moody.server.wait_for("worker_hung")
    assert "moods.py" in hung["stack"]
    answer = hanging.result()
    assert answer.status_code == 504
    assert answer.json()["title"] == "Gateway Timeout"
    moody.server.wait_for("ready")
    for _ in range(10):
        assert moody.ask(2.5).json()["predictions"] == [{"value": 2.5}]


def test_a_worker_that_hangs_while_it_proves_itself_is_replaced(
    packaged: Package, tmp_path: Path
) -> None:
    mood = tmp_path / "mood"
    mood.write_text("thread")
    variables = {"MOOD_FILE": str(mood), "GUNICORN_CMD_ARGS": "--timeout 2"}
    server = Server(packaged("moody"), tmp_path / "server", variables)
    try:
        hung = server.wait_for("worker_hung")
        assert "moods.py" in hung["stack"]
        mood.write_text("")
        server.wait_until_ready()
        assert server.predict([{"x": 2.5}]).json()["predictions"] == [{"value": 2.5}]
    finally:
        server.stop()


def test_each_of_many_gets_its_own_answer_out_of_a_batch(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody("slow", WEB_CONCURRENCY="1")
    asked = {number / 8: moody.begin(number / 8) for number in range(200)}
    for x, answer in asked.items():
        assert answer.result().json()["predictions"] == [{"value": x}]


def test_a_batch_that_hangs_is_answered_for_each_and_told_once(
    serve_moody: ServeMoody,
) -> None:
    variables = {"WEB_CONCURRENCY": "1", "SERVICE_PREDICT_TIMEOUT_SECONDS": "1"}
    moody = serve_moody("slow", **variables)
    [engine] = [e for e in moody.server.events if e["event"] == "engine"]
    assert engine["engine_is_batching"]
    moody.hold()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(moody.server)) for _ in range(4)]
        for connection in connections:
            connection.sendall(write_request(moody.server, {"x": HELD}))
        for connection in connections:
            assert read_all(connection).startswith(b"HTTP/1.1 504 ")
    moody.server.wait_for("worker_hung")
    moody.let_go()
    assert moody.ask(2.5).json()["predictions"] == [{"value": 2.5}]
    assert moody.server.stop() == 0
    events = [line["event"] for line in moody.server.events]
    assert events.count("worker_hung") == 1


def test_a_fault_that_is_no_exception_is_one_requests_alone(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody("panic", WEB_CONCURRENCY="1")
    asked = {number / 8: moody.begin(number / 8) for number in range(100)}
    bad = [moody.begin(HELD) for _ in range(4)]
    assert [answer.result().status_code for answer in bad] == [500] * len(bad)
    for x, answer in asked.items():
        assert answer.result().json()["predictions"] == [{"value": x}]
    assert moody.ask(HELD).status_code == 500  # alone
    events = [line["event"] for line in moody.server.events]
    assert "worker_hung" not in events


def test_the_other_worker_goes_on_while_one_hangs(serve_moody: ServeMoody) -> None:
    moody = serve_moody(SERVICE_PREDICT_TIMEOUT_SECONDS="5")
    hanging = moody.begin(HELD)
    answered = []
    while not hanging.done():
        answer = moody.ask(2.5, **{"X-Request-Timeout-Ms": "200"})
        answered.append(answer.status_code)
    assert answered.count(200) > answered.count(504)
    assert set(answered) <= {200, 504}


def test_a_caller_may_want_its_answer_sooner(serve_moody: ServeMoody) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1")
    answer = moody.ask(HELD, **{"X-Request-Timeout-Ms": "100"})
    assert (answer.status_code, answer.headers["Connection"]) == (504, "close")
    moody.let_go()
    assert moody.ask(HELD).json()["predictions"] == [{"value": HELD}]
    assert moody.server.stop() == 0
    assert not [e for e in moody.server.events if e["event"] == "worker_hung"]


def test_a_caller_that_does_not_wait_makes_no_hang_of_a_long_answer(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1")
    assert moody.ask(HELD, **{"X-Request-Timeout-Ms": "100"}).status_code == 504
    # By when the first is as late as what hangs, by its caller's time.
    later = {"X-Request-Timeout-Ms": f"{1000 * (HANG_SECONDS + 1):.0f}"}
    assert moody.ask(HELD, **later).status_code == 504
    moody.let_go()
    assert moody.ask(HELD).json()["predictions"] == [{"value": HELD}]
    assert moody.server.stop() == 0
    assert not [e for e in moody.server.events if e["event"] == "worker_hung"]


def test_an_answer_that_comes_too_late_is_neither_logged_nor_counted(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1")
    asked = {"X-Request-Timeout-Ms": "100", "X-Request-ID": "late"}
    assert moody.ask(HELD, **asked).status_code == 504
    moody.let_go()
    assert moody.server.stop() == 0
    lines = [e for e in moody.server.events if e.get("request_id") == "late"]
    assert [line["status"] for line in lines] == [504]


def test_what_its_caller_has_given_up_is_not_begun(serve_moody: ServeMoody) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1")
    with contextlib.ExitStack() as stack:
        hold_every_thread(moody, stack)
        with connect(moody.server) as connection:
            connection.sendall(write_request(moody.server, {"x": HELD}))
            wait_for_a_deadline(moody)
        moody.server.wait_for("caller_gone")
        moody.let_go()
    assert moody.server.stop() == 0
    events = [e["event"] for e in moody.server.events if e.get("status", 200) == 200]
    assert events.count("caller_gone") == 1
    assert events.count("request") == MOST_THREADS


def test_a_caller_that_only_sends_no_more_may_wait_for_a_thread(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1")
    with contextlib.ExitStack() as stack:
        hold_every_thread(moody, stack)
        connection = stack.enter_context(connect(moody.server))
        connection.sendall(write_request(moody.server, {"x": 2.5}))
        connection.shutdown(socket.SHUT_WR)
        wait_for_a_deadline(moody)
        moody.let_go()
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def hold_every_thread(moody: Moody, stack: contextlib.ExitStack) -> None:
    """Hold a request in each thread of the only worker."""
    for _ in range(MOST_THREADS):
        connection = stack.enter_context(connect(moody.server))
        connection.sendall(write_request(moody.server, {"x": HELD}))


def wait_for_a_deadline(moody: Moody) -> None:
    """Wait for twice as long as a request waits whose caller may be gone."""
    answer = moody.ask(2.5, **{"X-Request-Timeout-Ms": "100"})
    assert answer.status_code == 504


# Overload


def fill(
    moody: Moody, bound: int
) -> tuple[httpx.Response, set[Future[httpx.Response]]]:
    """Hold what a worker takes and ask once more: return that answer and the held."""
    asked = [moody.begin(HELD) for _ in range(bound + 1)]
    done, held = wait(asked, return_when=FIRST_COMPLETED)
    [refused] = done
    return refused.result(), held


def release(moody: Moody, held: set[Future[httpx.Response]]) -> None:
    """Let go, and wait until all that was held is answered."""
    moody.let_go()
    assert [future.result().status_code for future in held] == [200] * len(held)


def test_more_than_a_worker_can_take_is_refused_at_once(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    answer, held = fill(moody, 3)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert httpx.get(f"{moody.server.url}/health/live").status_code == 200
    assert httpx.get(f"{moody.server.url}/health/ready").status_code == 200
    with connect(moody.server) as connection:
        connection.sendall(write_request(moody.server, {"x": 2.5}))
        assert read_answer(connection)[0] == 503
        release(moody, held)
        connection.sendall(write_request(moody.server, {"x": 2.5}))
        assert read_answer(connection)[0] == 200


def test_a_large_request_is_refused_by_its_head_and_its_body_passed_over(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    _, held = fill(moody, 3)
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
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    _, held = fill(moody, 3)
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
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    _, held = fill(moody, 3)
    request = write_request(moody.server, {"x": 2.5})
    with connect(moody.server) as connection:
        connection.sendall(request[:-1])
        assert moody.ask(2.5).status_code == 503
        release(moody, held)
        connection.sendall(request[-1:])
        assert read_answer(connection)[0] == 200


@pytest.mark.parametrize("length", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_no_body_is_asked_for_that_would_be_refused(
    serve_moody: ServeMoody, length: str
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    fill(moody, 3)
    head = f"POST /v1/predict HTTP/1.1\r\nHost: a\r\n{length}\r\n"
    with connect(moody.server) as connection:
        connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nConnection: close" in answer


def test_a_body_that_was_asked_for_is_judged_when_it_is_all_here(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    expecting = "Expect: 100-continue"
    request = write_request(moody.server, {"x": 2.5}, expecting, size=LARGE_BYTES)
    head, _, body = request.partition(b"\r\n\r\n")
    with connect(moody.server) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        _, held = fill(moody, 3)
        connection.sendall(body[:-1])
        assert moody.ask(2.5).status_code == 503
        release(moody, held)
        connection.sendall(body[-1:])
        assert read_answer(connection)[0] == 200


def test_the_rest_of_what_was_refused_is_not_waited_for_without_end(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(
        WEB_CONCURRENCY="1",
        SERVICE_MAX_IN_FLIGHT="3",
        GUNICORN_CMD_ARGS="--keep-alive 1",
    )
    fill(moody, 3)
    request = write_request(moody.server, {"x": 2.5}, size=LARGE_BYTES)
    with connect(moody.server) as connection:
        connection.sendall(request[:-1])
        assert read_answer(connection)[0] == 503
        assert read_all(connection) == b""


def test_health_is_answered_by_a_worker_that_is_full_whatever_body_is_sent(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    fill(moody, 3)
    with connect(moody.server) as connection:
        head = f"GET /health/ready HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE_BYTES}"
        connection.sendall(head.encode() + b"\r\n\r\n" + bytes(LARGE_BYTES))
        assert read_answer(connection)[0] == 200


def test_a_scrape_is_answered_by_a_worker_that_has_too_much_to_do(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_MAX_IN_FLIGHT="3")
    fill(moody, 3)
    with moody.server.connect() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    scrape = Scrape(answer.text)
    assert scrape.read("http_requests_rejected_total", reason="overloaded") >= 1


# Signals


def test_sigterm_lets_balancers_notice_and_finishes_what_is_in_flight(
    serve_moody: ServeMoody,
) -> None:
    moody = serve_moody(WEB_CONCURRENCY="1", SERVICE_LAME_DUCK_SECONDS="5")
    held = moody.begin(HELD)
    assert moody.server.client.get("/v1/model").status_code == 200
    moody.server.process.send_signal(signal.SIGTERM)
    assert moody.server.wait_for("draining")["is_stopping"] is True
    ready = httpx.get(f"{moody.server.url}/health/ready")
    assert ready.status_code == 503
    assert httpx.get(f"{moody.server.url}/health/live").status_code == 200
    late = moody.server.client.get("/v1/model")
    assert (late.status_code, late.headers["Connection"]) == (200, "close")
    moody.let_go()
    assert held.result().json()["predictions"] == [{"value": HELD}]
    assert moody.server.wait_for_exit() == 0


def test_a_reload_loses_no_request_and_is_no_reason_to_look_elsewhere(
    serve: Serve,
) -> None:
    server = serve(CREDIT)
    with Traffic(server, 4) as traffic:
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            for _ in range(server.workers):
                server.wait_for("draining")
            assert httpx.get(f"{server.url}/health/ready").status_code == 200
    assert traffic.failures == []
    assert not [e for e in server.events if e.get("is_stopping")]


def test_workers_that_end_after_so_many_requests_lose_none(serve: Serve) -> None:
    server = serve(CREDIT, GUNICORN_CMD_ARGS="--max-requests 50")
    with Traffic(server, 4) as traffic:
        for _ in range(4):
            server.wait_for("draining")
            server.wait_for("ready")
    assert traffic.failures == []


def test_a_killed_worker_takes_only_its_own_requests_along(serve: Serve) -> None:
    server = serve(CREDIT)
    with Traffic(server, 4) as traffic:
        for _ in range(5):
            booted = [
                e["event"] for e in server.events if "Booting worker" in e["event"]
            ]
            os.kill(int(booted[-1].rsplit(" ", 1)[1]), signal.SIGKILL)
            server.wait_for("ready")
    # Each caller has one request under way when a worker dies, and no other is lost.
    assert len(traffic.failures) <= 5 * 4
    assert all("Error" in failure for failure in traffic.failures)
