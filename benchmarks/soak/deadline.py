"""A model that computes past the deadline on some requests, beside others."""

import asyncio
from collections.abc import Iterator

from moods import COMPUTE_SECONDS, HELD

from benchmarks.client import fetch
from benchmarks.ours import Ours
from benchmarks.places import BUILD
from benchmarks.soak.caller import Outcome, call_for, call_while
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.health import judge_health, watch_health
from benchmarks.soak.hung import package_moody
from benchmarks.soak.samples import Sample, keep_sample, write_request
from benchmarks.soak.service import Service, serve

PHASE = "deadline"
DEADLINE_SECONDS = 2
LATE_CALLERS = 4
CALLERS = 2
SECONDS = 10.0

# Each of them keeps a worker's processor for longer than the deadline, and for less
# than the second more after which a worker is taken to hang.
assert DEADLINE_SECONDS < COMPUTE_SECONDS < DEADLINE_SECONDS + 1

# On a machine that has other things to do.
LATENESS_SECONDS = 0.5


def measure_deadline(server: Ours) -> Iterator[Finding]:
    """Ask for predictions that take too long, for others, and for health."""
    mood = BUILD / "mood"
    mood.write_text("compute")
    with serve(
        server,
        package_moody(),
        MOOD_FILE=str(mood),
        SERVICE_PREDICT_TIMEOUT_SECONDS=str(DEADLINE_SECONDS),
    ) as service:
        late, others, health = asyncio.run(_ask(service))
    untold = sum(each.status not in (503, 504) for each in late)
    measure, detail = "late predictions without 503 or 504", f"of {len(late):,}"
    yield Finding(PHASE, measure, untold, most=0, detail=detail)
    slowest = max(each.seconds for each in late)
    most = DEADLINE_SECONDS + LATENESS_SECONDS
    yield Finding(PHASE, "the latest answer to them", slowest, "s", most=most)
    wrong = count_wrong(each for each in others if each.status not in (503, 504))
    measure, detail = "other requests lost or answered wrongly", f"of {len(others):,}"
    yield Finding(PHASE, measure, wrong, most=0, detail=detail)
    yield from judge_health(PHASE, health)


async def _ask(
    service: Service,
) -> tuple[list[Outcome], list[Outcome], list[Outcome]]:
    """Return the outcomes of late predictions, of others, and of health."""
    port, server = service.port, service.server
    late = Sample(write_request(server, [{"x": HELD}]))
    body = await asyncio.to_thread(fetch, server, [{"x": 2.5}], port)
    sample = keep_sample(write_request(server, [{"x": 2.5}]), body)
    health: list[Outcome] = []

    async def look_after(_: list[Outcome]) -> None:
        calls = asyncio.create_task(call_for(port, CALLERS, [sample], SECONDS))
        health.extend(await watch_health(port, calls.done))
        others.extend(calls.result())

    others: list[Outcome] = []
    return await call_while(port, LATE_CALLERS, [late], look_after), others, health
