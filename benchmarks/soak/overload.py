"""Four times as much as can be served."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from benchmarks.models import package_kernel
from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome
from benchmarks.soak.findings import Finding
from benchmarks.soak.health import judge_health, watch_health
from benchmarks.soak.loops import Load, run_closed_loop, run_open_loop
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import serve
from benchmarks.workload import build_workload
from service.settings import Settings

PHASE = "4 times the load"
TIMES = 4

# Of a support vector machine such a request takes some 20 ms, and has as many bytes as
# one of the credit model, which takes 6: four times as many of those would take the
# cores from the service that is measured.
INSTANCES = 1000
CALLERS = 32
SECONDS = 12.0


def measure_overload(server: Ours) -> Iterator[Finding]:
    """Find the most that can be served, and offer four times as much."""
    spawn = multiprocessing.get_context("spawn")
    kernel = package_kernel(build_workload(CREDIT))
    with serve(server, kernel) as service, ProcessPoolExecutor(1, spawn) as pool:
        sent = (service.port, prepare_samples(service, INSTANCES, 1, kernel))
        pool.submit(run_closed_loop, *sent, CALLERS, SECONDS / 4).result()
        first = pool.submit(run_closed_loop, *sent, CALLERS, SECONDS).result()
        rate = TIMES * first.right_rate
        # What so much work takes at once is taken by now; no more is to be added.
        pool.submit(run_open_loop, *sent, rate, SECONDS / 2).result()
        before = service.running.measure_pss()
        offered = pool.submit(run_open_loop, *sent, rate, SECONDS)
        health = asyncio.run(watch_health(service.port, offered.done))
        grown = service.running.measure_pss() / before
        # What a machine can do changes: as it was before the offer, and after it.
        last = pool.submit(run_closed_loop, *sent, CALLERS, SECONDS).result()
    best = (first.right_rate + last.right_rate) / 2
    yield from _judge(best, offered.result(), health)
    yield Finding(PHASE, "memory after it, of that after half of it", grown, most=1.1)


def _judge(best: float, offered: Load, health: list[Outcome]) -> Iterator[Finding]:
    yield Finding(PHASE, "offered, of the best rate", offered.rate / best)
    measure = "right answers a second, of the best rate"
    yield Finding(PHASE, measure, offered.right_rate / best, least=0.8)
    statuses = Counter(o.status for o in offered.outcomes if not o.is_right)
    refused = statuses.pop(503, 0) + statuses.pop(429, 0)
    measure, detail = "answers but right ones, 503 and 429", f"{refused:,} refused"
    yield Finding(PHASE, measure, statuses.total(), most=0, detail=detail)
    longest = max(outcome.seconds for outcome in offered.outcomes)
    deadline = Settings().predict_timeout_seconds
    yield Finding(PHASE, "the longest wait", longest, "s", most=deadline)
    yield from judge_health(PHASE, health)
