"""A limit is exact over what shares it: callers, workers and replicas, also killed."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from conftest import Serve
from pipelines import CREDIT
from redis_server import RedisServer
from server import PATIENCE_SECONDS, Server
from traffic import LIMIT, LOST, fire

from service.web.access.key_file import create_key


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(CREDIT, **LIMIT)


@pytest.fixture
def key(server: Server) -> str:
    """A key of a client that has spent nothing."""
    server.skip_lines()
    key = create_key(server.keys_file, f"client-{uuid4()}", ("predict",))
    server.wait_for_each_worker("keys_read")
    return key


def test_a_limit_is_exact_over_callers_and_workers(server: Server, key: str) -> None:
    assert fire([server], 1000, key=key) == {200: 200, 429: 800}


def test_a_limit_outlives_a_killed_worker(server: Server, key: str) -> None:
    assert fire([server], 80, key=key) == {200: 80}
    for pid in server.pids[-server.workers :]:
        os.kill(pid, signal.SIGKILL)
        server.wait_for("ready")
    assert fire([server], 920, key=key) == {200: 120, 429: 800}


def test_a_worker_killed_under_fire_gives_nothing_away(
    server: Server, key: str
) -> None:
    """What it had counted and not answered is lost, and is no second time allowed."""
    answers = threading.Semaphore(0)
    with ThreadPoolExecutor(1) as pool:
        fired = pool.submit(fire, [server], 1000, key=key, tick=answers.release)
        for pid in server.pids[-server.workers :]:
            for _ in range(40):
                answers.acquire(timeout=PATIENCE_SECONDS)
            os.kill(pid, signal.SIGKILL)
        statuses = fired.result()
    assert set(statuses) <= {200, 429, LOST}
    assert statuses[200] <= 200 <= statuses[200] + statuses[LOST]
    assert fire([server], 80, key=key) == {429: 80}


def test_replicas_share_a_limit_in_redis(serve: Serve, redis: RedisServer) -> None:
    # Each has a key file, and so a store of its host, of its own.
    variables = {**LIMIT, "SERVICE_RATE_LIMIT_STORAGE": redis.patient_url}
    replicas = [serve(CREDIT, **variables) for _ in range(2)]
    assert fire(replicas, 80) == {200: 80}
    os.kill(replicas[0].pids[0], signal.SIGKILL)
    replicas[0].wait_for("ready")
    assert fire(replicas, 920) == {200: 120, 429: 800}
