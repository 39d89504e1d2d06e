"""Four times as much as can be served."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from benchmarks.places import CREDIT
from benchmarks.soak.caller import Caller, Outcome
from benchmarks.soak.findings import Finding
from benchmarks.soak.offering import Offer, offer, saturate
from benchmarks.soak.questions import Question, prepare_questions
from benchmarks.soak.service import serve
from benchmarks.workload import build_workload
from service.settings import Settings

PHASE = "4 times the load"
TIMES = 4

# Such a request takes some 15 ms: a load of four times as many does not take the cores
# from the service that it measures.
INSTANCES = 1000
CALLERS = 32
SECONDS = 12.0
HEALTH = Question(
    b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
)


def measure_overload() -> Iterator[Finding]:
    """Find the most that can be served, and offer four times as much."""
    spawn = multiprocessing.get_context("spawn")
    with serve(CREDIT) as service, ProcessPoolExecutor(1, spawn) as pool:
        questions = prepare_questions(
            service.ours, build_workload(CREDIT), service.port, INSTANCES, 1
        )
        port = service.port
        pool.submit(saturate, port, questions, CALLERS, SECONDS / 4).result()
        first = pool.submit(saturate, port, questions, CALLERS, SECONDS).result()
        rate = TIMES * first.right_rate
        # What so much work takes at once is taken by now; no more is to be added.
        pool.submit(offer, port, questions, rate, SECONDS / 2).result()
        before = service.running.measure_pss()
        offered = pool.submit(offer, port, questions, rate, SECONDS)
        health = asyncio.run(_look_after(port, offered))
        grown = service.running.measure_pss() / before
        # What a machine can do changes: as it was before the offer, and after it.
        last = pool.submit(saturate, port, questions, CALLERS, SECONDS).result()
    best = (first.right_rate + last.right_rate) / 2
    yield from _judge(best, offered.result(), health)
    yield Finding(PHASE, "memory after it, of that after half of it", grown, most=1.1)


async def _look_after(port: int, offered: "Future[Offer]") -> list[Outcome]:
    """Ask for health twenty times a second, as balancers do, until all is answered."""
    seen = []
    while not offered.done():
        seen.append(await Caller(port).ask(HEALTH))
        await asyncio.sleep(0.05)
    return seen


def _judge(best: float, offered: Offer, health: list[Outcome]) -> Iterator[Finding]:
    yield Finding(PHASE, "offered, of the best rate", offered.rate / best)
    yield Finding(
        PHASE,
        "right answers a second, of the best rate",
        offered.right_rate / best,
        least=0.8,
    )
    statuses = Counter(o.status for o in offered.outcomes if not o.is_right)
    refused = statuses.pop(503, 0) + statuses.pop(429, 0)
    counted = f"answers but right ones, 503 and 429, beside {refused:,} refused"
    yield Finding(PHASE, counted, statuses.total(), most=0)
    longest = max(outcome.seconds for outcome in offered.outcomes)
    deadline = Settings().predict_timeout_seconds
    yield Finding(PHASE, "the longest wait", longest, "s", most=deadline)
    bad = sum(outcome.status != 200 for outcome in health)
    yield Finding(PHASE, f"bad answers to health, of {len(health):,}", bad, most=0)
    slowest = 1000 * max(outcome.seconds for outcome in health)
    yield Finding(PHASE, "the slowest answer to health", slowest, "ms", most=100.0)
