"""A Redis that stops, comes back, hangs and goes on, while limits are kept in it."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from redis_server import RedisServer

from benchmarks.environments import prepare_program
from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import serve
from service.web.access.redis_storage import LATEST_SECONDS

PHASE = "Redis away"
CALLERS = 4
SECONDS = 3.0


def measure_storage(server: Ours) -> Iterator[Finding]:
    """Take Redis away twice, in each of the ways in which it goes."""
    prepare_program("redis-server", "redis-server")
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        redis.start()

        async def take_away(_: list[Outcome]) -> None:
            # What the tests have for Redis blocks, for milliseconds.
            for change in (redis.stop, redis.start, redis.hang, redis.go_on):
                await asyncio.sleep(SECONDS)
                await asyncio.to_thread(change)
            await asyncio.sleep(SECONDS)

        try:
            with serve(server, CREDIT, SERVICE_RATE_LIMIT_STORAGE=redis.url) as service:
                samples = prepare_samples(service)
                calls = call_while(service.port, CALLERS, samples, take_away)
                outcomes = asyncio.run(calls)
        finally:
            redis.go_on()
            redis.stop()
    measure, detail = "requests not answered rightly", f"of {len(outcomes):,}"
    yield Finding(PHASE, measure, count_wrong(outcomes), most=0, detail=detail)
    latest = max(each.seconds for each in outcomes)
    yield Finding(PHASE, "the latest answer", latest, "s", most=LATEST_SECONDS)
