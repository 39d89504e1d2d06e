"""Limits in a Redis that is away: counted per host meanwhile, and no request fails."""

from collections import Counter
from collections.abc import Callable

import pytest
from conftest import Serve
from pipelines import CREDIT
from redis_server import RedisServer
from server import UNLIMITED
from traffic import LIMIT, Traffic, ask_anew, ask_until, fire

from service.web.access.key_file import Terms, create_key
from service.web.access.redis_storage import LATE

Act = Callable[[RedisServer], None]


@pytest.mark.parametrize(
    ("leave", "come_back", "reason"),
    [
        (RedisServer.stop, RedisServer.start, "ConnectionError"),
        (RedisServer.hang, RedisServer.go_on, "TimeoutError"),
    ],
)
def test_limits_are_per_host_while_redis_is_away(
    serve: Serve, redis: RedisServer, leave: Act, come_back: Act, reason: str
) -> None:
    """It is waited for once, where it hangs."""
    server = serve(CREDIT, **UNLIMITED, SERVICE_RATE_LIMIT_STORAGE=redis.url)
    with Traffic(server, 4) as traffic:  # which keep every worker awake
        terms = Terms(requests="20/100 year")
        key = create_key(server.keys_file, "limited", ("predict",), terms)
        server.wait_for_each_worker("keys_read")
        leave(redis)
        server.wait_for("limits_per_host")
        assert Counter(ask_anew(server, key, 30)) == {200: 20, 429: 10}
        counts = Counter(event["event"] for event in server.events)
        come_back(redis)
        server.wait_for("limits_shared")
        # The host has nothing left to give: this comes from Redis.
        ask_until(server, key, 200)
    assert traffic.failures == []
    # On a busy machine an answer may have been late before, and a worker come back.
    assert 0 < counts["limits_per_host"] - counts["limits_shared"] <= server.workers
    reasons = {e["reason"] for e in server.events if e["event"] == "limits_per_host"}
    assert reasons - {LATE} == {reason}


def test_a_service_starts_without_its_redis_and_finds_it(
    serve: Serve, redis: RedisServer
) -> None:
    redis.stop()
    server = serve(CREDIT, **LIMIT, SERVICE_RATE_LIMIT_STORAGE=redis.url)
    assert fire([server], 240) == {200: 200, 429: 40}
    redis.start()
    ask_until(server, server.key, 200)
