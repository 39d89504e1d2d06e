"""Models that hang or are slow, and callers that wait no longer."""

import contextlib
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Package
from moods import HELD
from moody_server import Moody, run_moody
from raw import connect, read_all, write_request
from server import Server

from service.server.watchdog import HANG_SECONDS

# Those of a worker whose model is not compiled, as the moody one is not.
MOST_THREADS = 4


@pytest.fixture(scope="module")
def shared(
    packaged: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Moody]:
    """A server of one worker, which the last test stops."""
    folder = tmp_path_factory.mktemp("holding")
    with run_moody(packaged("moody"), folder, WEB_CONCURRENCY="1") as moody:
        yield moody


@pytest.fixture
def moody(shared: Moody) -> Iterator[Moody]:
    """That server, whose model holds a value back until the test lets it go."""
    shared.server.skip_lines()
    shared.hold()
    yield shared
    shared.finish()


@pytest.fixture(scope="module")
def batching(
    packaged: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Moody]:
    """A server so slow that it predicts requests together."""
    folder = tmp_path_factory.mktemp("batching")
    with run_moody(packaged("moody"), folder, "slow", WEB_CONCURRENCY="1") as moody:
        yield moody


def test_a_model_that_hangs_costs_one_worker_that_is_replaced(
    packaged: Package, tmp_path: Path
) -> None:
    """The other goes on meanwhile."""
    variables = {"SERVICE_PREDICT_TIMEOUT_SECONDS": "2"}
    with run_moody(packaged("moody"), tmp_path, **variables) as moody:
        hanging, statuses = moody.begin(HELD), Counter[int]()
        while not hanging.done():
            answer = moody.ask(2.5, **{"X-Request-Timeout-Ms": "200"})
            statuses[answer.status_code] += 1
        assert statuses[200] > statuses[504]
        assert statuses.keys() <= {200, 504}
        answer = hanging.result()
        assert answer.status_code == 504
        assert answer.json()["title"] == "Gateway Timeout"
        hung = moody.server.wait_for("worker_hung")
        assert "moods.py" in hung["stack"]
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


def test_each_of_many_gets_its_own_answer_out_of_a_batch(batching: Moody) -> None:
    batching.feel("slow")
    answers = {number / 8: batching.begin(number / 8) for number in range(200)}
    for x, answer in answers.items():
        assert answer.result().json()["predictions"] == [{"value": x}]


def test_a_slow_request_holds_up_none_that_come_later(batching: Moody) -> None:
    """Though one thread predicts all that waits: another does, while it is held."""
    batching.hold()
    with connect(batching.server) as connection:
        connection.sendall(write_request(batching.server, {"x": HELD}))
        batching.server.client.get("/health/live")  # by when the slow one is begun
        for number in range(8):
            answer = batching.ask(number / 8).json()
            assert answer["predictions"] == [{"value": number / 8}]
        batching.let_go()
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    batching.finish()


def test_batches_that_hang_are_answered_for_each_and_told_once_a_thread(
    packaged: Package, tmp_path: Path
) -> None:
    variables = {"WEB_CONCURRENCY": "1", "SERVICE_PREDICT_TIMEOUT_SECONDS": "1"}
    with run_moody(packaged("moody"), tmp_path, "slow", **variables) as moody:
        hang_a_batch(moody)
        assert moody.ask(2.5).json()["predictions"] == [{"value": 2.5}]
        assert moody.server.stop() == 0
        events = [line["event"] for line in moody.server.events]
    assert 1 <= events.count("worker_hung") <= MOST_THREADS


def hang_a_batch(moody: Moody) -> None:
    """Ask for four that are held at once, and let go when they have been given up."""
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


def test_a_fault_that_is_no_exception_is_one_requests_alone(batching: Moody) -> None:
    batching.feel("panic")
    answers = {number / 8: batching.begin(number / 8) for number in range(100)}
    bad = [batching.begin(HELD) for _ in range(4)]
    assert [answer.result().status_code for answer in bad] == [500] * len(bad)
    for x, answer in answers.items():
        assert answer.result().json()["predictions"] == [{"value": x}]
    assert batching.ask(HELD).status_code == 500  # alone
    events = [line["event"] for line in batching.server.events]
    assert "worker_hung" not in events


def test_what_its_caller_has_given_up_is_not_begun(
    packaged: Package, tmp_path: Path
) -> None:
    with run_moody(packaged("moody"), tmp_path, WEB_CONCURRENCY="1") as moody:
        with contextlib.ExitStack() as stack:
            hold_every_thread(moody, stack)
            with connect(moody.server) as connection:
                connection.sendall(write_request(moody.server, {"x": HELD}))
                wait_for_a_deadline(moody)
            moody.server.wait_for("caller_gone")
            moody.let_go()
        assert moody.server.stop() == 0
        lines = moody.server.events
    events = [line["event"] for line in lines if line.get("status", 200) == 200]
    assert events.count("caller_gone") == 1
    assert events.count("request") == MOST_THREADS


def test_a_caller_that_only_sends_no_more_may_wait_for_a_thread(moody: Moody) -> None:
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


def test_a_caller_may_want_its_answer_sooner(moody: Moody) -> None:
    answer = moody.ask(HELD, **{"X-Request-Timeout-Ms": "100"})
    assert (answer.status_code, answer.headers["Connection"]) == (504, "close")
    moody.let_go()
    assert moody.ask(HELD).json()["predictions"] == [{"value": HELD}]


def test_a_caller_that_does_not_wait_makes_no_hang_of_a_long_answer(
    moody: Moody,
) -> None:
    assert moody.ask(HELD, **{"X-Request-Timeout-Ms": "100"}).status_code == 504
    # By when the first is as late as what hangs, by its caller's time.
    later = {"X-Request-Timeout-Ms": f"{1000 * (HANG_SECONDS + 1):.0f}"}
    assert moody.ask(HELD, **later).status_code == 504
    moody.let_go()
    assert moody.ask(HELD).json()["predictions"] == [{"value": HELD}]


def test_an_answer_that_comes_too_late_is_neither_logged_nor_counted(
    shared: Moody,
) -> None:
    """Nor was any of the tests above taken for a hang."""
    shared.hold()
    headers = {"X-Request-Timeout-Ms": "100", "X-Request-ID": "late"}
    assert shared.ask(HELD, **headers).status_code == 504
    shared.let_go()
    assert shared.server.stop() == 0
    lines = [e for e in shared.server.events if e.get("request_id") == "late"]
    assert [line["status"] for line in lines] == [504]
    assert not [e for e in shared.server.events if e["event"] == "worker_hung"]
