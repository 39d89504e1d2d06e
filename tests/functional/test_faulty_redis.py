"""Limits in a Redis that is out of order: no request fails, or waits for it for long.

Each is answered before its deadline and counted on the host meanwhile, and in Redis
again once that is mended.
"""

from collections import Counter

import pytest
from conftest import Serve
from faulty_redis import Fault, FaultyRedis, break_off, delay, drip, hang, pour, say
from pipelines import CREDIT
from server import UNLIMITED, Server
from traffic import Traffic, ask

from service.web.access.key_file import Terms, create_key
from service.web.access.redis_storage import (
    LATE,
    LATE_SHARE,
    LATEST_SECONDS,
    LIMITS_PER_HOST,
    LIMITS_SHARED,
    TIMEOUT_SECONDS,
)

# Longer than this machine is ever busy: what is late or away is so by a fault alone.
TIMEOUT = 1.0
DEADLINE = {"X-Request-Timeout-Ms": "10000"}

# What a Redis says that cannot count, or is none.
ANSWERS = {
    "full": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "a replica": b"-READONLY You can't write against a read only replica.\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "asking who": b"-NOAUTH Authentication required.\r\n",
    "busy": b"-BUSY Redis is busy running a script.\r\n",
    "a node of a cluster": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "moved nowhere": b"-MOVED\r\n",
    "an unknown error": b"-WHATEVER\r\n",
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no number": b":one\r\n",
    "no length": b"*many\r\n",
    "a huge length": b"$99999999999999999999\r\n",
    "a text": b"+OK\r\n",
    "a number": b":1\r\n",
    "nothing": b"*-1\r\n",
    "too little": b"*2\r\n:1\r\n:1\r\n",
    "texts": b"*4\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n",
    "below zero": b"*4\r\n:1\r\n:-1\r\n:1\r\n:1\r\n",
    "deep": 5000 * b"*1\r\n",
    "bytes": bytes(range(256)) + b"\r\n",
}
FAULTS: dict[str, Fault] = {
    **{name: say(words) for name, words in ANSWERS.items()},
    "slow": delay(2 * TIMEOUT),
    "dripping": drip,
    "pouring": pour,
    "hanging": hang,
    "breaking off": break_off,
}


def serve_before(serve: Serve, faulty: FaultyRedis) -> Server:
    """Boot one worker, so that each request meets what the last one has left behind."""
    variables = {"WEB_CONCURRENCY": "1", **UNLIMITED}
    storage = f"{faulty.url}?socket_timeout={TIMEOUT}"
    return serve(CREDIT, **variables, SERVICE_RATE_LIMIT_STORAGE=storage)


def create_limited_keys(server: Server, count: int) -> list[str]:
    """Make keys that have a limit of their own each."""
    terms = Terms(requests="20/100 year")
    keys = [
        create_key(server.keys_file, f"limited-{number}", ("predict",), terms)
        for number in range(count)
    ]
    while server.wait_for("keys_read")["keys"] <= count:
        pass
    return keys


def ask_in_time(server: Server, key: str, requests: int) -> Counter[int]:
    """Ask with a deadline, and count the statuses."""
    with server.connect(key) as client:
        client.headers.update(DEADLINE)
        return Counter(ask(client).status_code for _ in range(requests))


def count_said(server: Server) -> Counter[str]:
    events = Counter(event["event"] for event in server.events)
    return Counter({event: events[event] for event in (LIMITS_PER_HOST, LIMITS_SHARED)})


def test_whatever_is_the_matter_with_redis_it_is_counted_on_the_host_meanwhile(
    serve: Serve, faulty: FaultyRedis, subtests: pytest.Subtests
) -> None:
    server = serve_before(serve, faulty)
    keys = create_limited_keys(server, len(FAULTS))
    for number, (name, key) in enumerate(zip(FAULTS, keys, strict=True)):
        with subtests.test(name):
            assert ask_in_time(server, server.key, 1) == {200: 1}
            faulty.break_down(FAULTS[name])
            assert ask_in_time(server, key, 30) == {200: 20, 429: 10}
            faulty.mend()
            server.wait_for(LIMITS_SHARED)
            # The host has nothing left to give: this comes from Redis.
            assert ask_in_time(server, key, 1) == {200: 1}
            said = count_said(server)
            assert set(said.values()) == {number + 1}


def test_an_answer_that_is_late_counts_and_is_the_last_that_is_waited_for(
    serve: Serve, faulty: FaultyRedis
) -> None:
    server = serve_before(serve, faulty)
    [key] = create_limited_keys(server, 1)
    assert ask_in_time(server, server.key, 1) == {200: 1}
    faulty.break_down(delay((LATE_SHARE + 0.1) * TIMEOUT))
    # One of Redis, which was late, and those of the host.
    assert ask_in_time(server, key, 30) == {200: 21, 429: 9}
    assert server.wait_for(LIMITS_PER_HOST)["reason"] == LATE
    faulty.mend()
    server.wait_for(LIMITS_SHARED)
    assert ask_in_time(server, key, 20) == {200: 19, 429: 1}
    assert set(count_said(server).values()) == {1}


@pytest.mark.parametrize("fault", ["no length", "dripping"])
def test_a_service_starts_before_a_redis_that_is_out_of_order(
    serve: Serve, faulty: FaultyRedis, fault: str
) -> None:
    faulty.break_down(FAULTS[fault])
    server = serve_before(serve, faulty)
    [key] = create_limited_keys(server, 1)
    assert ask_in_time(server, key, 30) == {200: 20, 429: 10}
    faulty.mend()
    server.wait_for(LIMITS_SHARED)
    assert ask_in_time(server, key, 1) == {200: 1}


def test_no_request_of_many_fails_while_redis_comes_and_goes(
    serve: Serve, faulty: FaultyRedis
) -> None:
    server = serve(CREDIT, **UNLIMITED, SERVICE_RATE_LIMIT_STORAGE=faulty.url)
    with Traffic(server, 4) as traffic:
        for name in ("slow", "dripping", "no length", "full", "breaking off"):
            faulty.break_down(FAULTS[name])
            server.wait_for(LIMITS_PER_HOST)
            faulty.mend()
            server.wait_for(LIMITS_SHARED)
    assert traffic.failures == []


def test_who_waits_for_redis_in_vain_has_time_left_for_the_answer() -> None:
    """A request asks of itself and of its instances: one is late, the other away."""
    assert (LATE_SHARE + 1) * TIMEOUT_SECONDS < LATEST_SECONDS
