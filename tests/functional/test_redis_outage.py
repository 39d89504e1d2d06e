"""Limits in a Redis that is away: counted per host meanwhile, and no request fails."""

from collections import Counter

from conftest import Serve
from pipelines import CREDIT
from redis_server import RedisServer
from server import UNLIMITED, Server
from traffic import LIMIT, Traffic, ask_anew, ask_until, fire

from service.web.access.key_file import Terms, create_key
from service.web.access.redis_storage import LATE


def create_limited_key(server: Server) -> str:
    """Make a key with a limit of its own, while callers keep every worker awake."""
    terms = Terms(requests="20/100 year")
    key = create_key(server.keys_file, "limited", ("predict",), terms)
    server.wait_for_each_worker("keys_read")
    return key


def test_limits_are_per_host_while_redis_is_stopped(
    serve: Serve, redis: RedisServer
) -> None:
    server = serve(CREDIT, **UNLIMITED, SERVICE_RATE_LIMIT_STORAGE=redis.url)
    with Traffic(server, 4) as traffic:
        key = create_limited_key(server)
        redis.stop()
        server.wait_for("limits_per_host")
        assert Counter(ask_anew(server, key, 30)) == {200: 20, 429: 10}
        redis.start()
        server.wait_for("limits_shared")
        # The host has nothing left to give: this comes from Redis, which is empty.
        ask_until(server, key, 200)
    assert traffic.failures == []


def test_a_redis_that_hangs_is_waited_for_once(
    serve: Serve, redis: RedisServer
) -> None:
    server = serve(CREDIT, **UNLIMITED, SERVICE_RATE_LIMIT_STORAGE=redis.url)
    with Traffic(server, 4) as traffic:
        key = create_limited_key(server)
        redis.hang()
        server.wait_for("limits_per_host")
        assert Counter(ask_anew(server, key, 30)) == {200: 20, 429: 10}
        said = Counter(event["event"] for event in server.events)
        redis.go_on()
        ask_until(server, key, 200)
    assert traffic.failures == []
    # On a busy machine an answer may have been late before, and a worker come back.
    assert 0 < said["limits_per_host"] - said["limits_shared"] <= server.workers
    reasons = {e["reason"] for e in server.events if e["event"] == "limits_per_host"}
    assert reasons - {LATE} == {"TimeoutError"}


def test_a_service_starts_without_its_redis_and_finds_it(
    serve: Serve, redis: RedisServer
) -> None:
    redis.stop()
    server = serve(CREDIT, **LIMIT, SERVICE_RATE_LIMIT_STORAGE=redis.url)
    assert fire([server], 240) == {200: 200, 429: 40}
    redis.start()
    ask_until(server, server.key, 200)
