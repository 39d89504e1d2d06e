"""Workers that are told to end, or are killed."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Package, Serve
from moods import HELD
from moody_server import run_moody
from pipelines import CREDIT
from server import Server
from traffic import Traffic


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(CREDIT)


def test_sigterm_lets_balancers_notice_and_finishes_what_is_in_flight(
    packaged: Package, tmp_path: Path
) -> None:
    variables = {"WEB_CONCURRENCY": "1", "SERVICE_LAME_DUCK_SECONDS": "5"}
    with run_moody(packaged("moody"), tmp_path, **variables) as moody:
        server, held = moody.server, moody.begin(HELD)
        assert server.client.get("/v1/model").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.wait_for("draining")["is_stopping"] is True
        with server.connect() as client:
            assert client.get("/health/ready").status_code == 503
            assert client.get("/health/live").status_code == 200
        late = server.client.get("/v1/model")
        assert (late.status_code, late.headers["Connection"]) == (200, "close")
        moody.let_go()
        assert held.result().json()["predictions"] == [{"value": HELD}]
        assert server.wait_for_exit() == 0


def test_a_killed_worker_takes_only_its_own_requests_along(server: Server) -> None:
    with Traffic(server, 4) as traffic:
        for _ in range(5):
            os.kill(server.pids[-1], signal.SIGKILL)
            server.wait_for("ready")
    # Each caller has one request under way when a worker dies, and no other is lost.
    assert len(traffic.failures) <= 5 * 4
    assert all("Error" in failure for failure in traffic.failures)


def test_a_reload_loses_no_request_and_is_no_reason_to_look_elsewhere(
    server: Server,
) -> None:
    server.skip_lines()
    with Traffic(server, 4) as traffic:
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            for _ in range(server.workers):
                server.wait_for("draining")
            with server.connect() as client:
                assert client.get("/health/ready").status_code == 200
    assert traffic.failures == []
    assert not [e for e in server.events if e.get("is_stopping")]


def test_every_worker_of_a_start_serves_since_the_same_time(server: Server) -> None:
    """One that is killed has a successor, and a reload begins no other version."""
    server.skip_lines()

    def read_moments() -> set[str]:
        moments = set()
        for _ in range(2 * server.workers):
            with server.connect() as client:
                moments.add(client.get("/v1/model").json()["serving_since"])
        return moments

    [begun] = read_moments()
    assert datetime.fromisoformat(begun) <= datetime.now(UTC)
    os.kill(server.pids[-1], signal.SIGKILL)
    server.wait_for("ready")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_each_worker("ready")
    assert read_moments() == {begun}


def test_workers_that_end_after_so_many_requests_lose_none(serve: Serve) -> None:
    server = serve(CREDIT, GUNICORN_CMD_ARGS="--max-requests 50")
    with Traffic(server, 4) as traffic:
        for _ in range(4):
            server.wait_for("draining")
            server.wait_for("ready")
    assert traffic.failures == []
