"""A Redis that stops, comes back, hangs and goes on, while limits are kept in it."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from redis_server import RedisServer

from benchmarks.environments import prepare_program
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_while
from benchmarks.soak.findings import Finding
from benchmarks.soak.questions import prepare_questions
from benchmarks.soak.service import serve
from benchmarks.workload import build_workload
from service.web.access.redis_storage import LATEST_SECONDS

PHASE = "Redis away"
CALLERS = 4
SECONDS = 3.0


def measure_storage() -> Iterator[Finding]:
    """Take Redis away twice, in each of the ways in which it goes."""
    prepare_program("redis-server", "redis-server")
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder))
        redis.start()
        try:
            with serve(CREDIT, SERVICE_RATE_LIMIT_STORAGE=redis.url) as service:
                questions = prepare_questions(
                    service.ours, build_workload(CREDIT), service.port, 1, 64
                )

                async def take_away(_: list[Outcome]) -> None:
                    # What tests redis is blocking, and takes milliseconds.
                    for away, back in (
                        (redis.stop, redis.start),
                        (redis.hang, redis.go_on),
                    ):
                        for change in (away, back):
                            await asyncio.sleep(SECONDS)
                            await asyncio.to_thread(change)
                    await asyncio.sleep(SECONDS)

                seen = asyncio.run(
                    call_while(service.port, CALLERS, questions, take_away)
                )
        finally:
            redis.go_on()
            redis.stop()
    bad = sum(not each.is_right for each in seen)
    yield Finding(
        PHASE, f"requests not answered rightly, of {len(seen):,}", bad, most=0
    )
    latest = max(each.seconds for each in seen)
    yield Finding(PHASE, "the latest answer", latest, "s", most=LATEST_SECONDS)
