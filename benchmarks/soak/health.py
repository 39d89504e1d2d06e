"""Health, asked for as often as by several balancers."""

import asyncio
from collections.abc import Callable, Iterator

from benchmarks.soak.caller import Caller, Outcome
from benchmarks.soak.findings import Finding
from benchmarks.soak.samples import Sample

HEALTH = Sample(
    b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
)
PACE_SECONDS = 0.05


async def watch_health(port: int, is_over: Callable[[], bool]) -> list[Outcome]:
    """Ask for health twenty times a second, until something is over."""
    outcomes = []
    while not is_over():
        outcomes.append(await Caller(port).ask(HEALTH))
        await asyncio.sleep(PACE_SECONDS)
    return outcomes


def judge_health(phase: str, outcomes: list[Outcome]) -> Iterator[Finding]:
    """Hold what was seen of health against its bounds."""
    bad = sum(outcome.status != 200 for outcome in outcomes)
    detail = f"of {len(outcomes):,}"
    yield Finding(phase, "bad answers to health", bad, most=0, detail=detail)
    slowest = 1000 * max(outcome.seconds for outcome in outcomes)
    yield Finding(phase, "the slowest answer to health", slowest, "ms", most=100.0)
