"""A model that hangs on one request, while others ask for more."""

import asyncio
import math
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moods import HELD
from pipelines import fit_moody

from benchmarks.client import fetch
from benchmarks.ours import Ours
from benchmarks.places import ARTEFACTS, BUILD
from benchmarks.soak.caller import Caller, Outcome, call_for, call_while
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.samples import Sample, keep_sample, write_request
from benchmarks.soak.service import WORKERS, Service, serve

PHASE = "hung model"
DEADLINE_SECONDS = 2
CALLERS = 8
QUIET_SECONDS = 3.0

# For a new worker to be there, after the old one was given up.
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Observations:
    """The request that hung, and what others got before, meanwhile and after.

    `others` took `seconds` in all; `replaced_seconds` is infinite where the worker that
    hangs was not replaced in time.
    """

    quiet: list[Outcome]
    hung: Outcome
    others: list[Outcome]
    seconds: float
    replaced_seconds: float
    after: list[Outcome]


def measure_hung_model(server: Ours) -> Iterator[Finding]:
    """Let one prediction hang, and see what it costs."""
    mood = BUILD / "mood"
    mood.write_text("hold")
    with serve(
        server,
        package_moody(),
        MOOD_FILE=str(mood),
        SERVICE_PREDICT_TIMEOUT_SECONDS=str(DEADLINE_SECONDS),
    ) as service:
        try:
            seen = asyncio.run(_hang(service))
        finally:
            mood.write_text("")  # or a server that does not give it up ends late
    hung, others = seen.hung, seen.others
    most = DEADLINE_SECONDS + 2
    yield Finding(PHASE, "its caller's answer after", hung.seconds, "s", most=most)
    is_told = hung.status in (503, 504)
    yield Finding(PHASE, "which is neither 503 nor 504", int(not is_told), most=0)
    rate = sum(each.is_right for each in others) / seen.seconds
    quiet_rate = sum(each.is_right for each in seen.quiet) / QUIET_SECONDS
    measure = "right answers a second to others meanwhile, of those when quiet"
    yield Finding(PHASE, measure, rate / quiet_rate, least=0.25)
    lost = sum(not (o.is_right or o.status in (503, 504)) for o in others)
    measure, detail = "other requests lost or answered wrongly", f"of {len(others):,}"
    yield Finding(PHASE, measure, lost, most=0, detail=detail)
    measure, replaced = "the worker was replaced after", seen.replaced_seconds
    yield Finding(PHASE, measure, replaced, "s", most=PATIENCE_SECONDS)
    measure, detail = "the same after that", f"of {len(seen.after):,}"
    yield Finding(PHASE, measure, count_wrong(seen.after), most=0, detail=detail)


async def _hang(service: Service) -> Observations:
    # A caller is not to spend the whole phase in the worker that hangs.
    hurry = "X-Request-Timeout-Ms: 500"
    body = fetch(service.server, [{"x": 2.5}], service.port)
    sample = keep_sample(write_request(service.server, [{"x": 2.5}], hurry), body)
    quiet = await call_for(service.port, CALLERS, [sample], QUIET_SECONDS)
    caller, workers, begin = Caller(service.port), service.workers, time.perf_counter()
    replaced = math.inf
    request = write_request(service.server, [{"x": HELD}])
    hanging = asyncio.create_task(caller.ask(Sample(request)))

    async def wait_for_replacement(_: list[Outcome]) -> None:
        nonlocal replaced
        while (seconds := time.perf_counter() - begin) < PATIENCE_SECONDS:
            if _is_replaced(service, workers):
                replaced = seconds
                break
            await asyncio.sleep(0.05)

    others = await call_while(service.port, CALLERS, [sample], wait_for_replacement)
    seconds = time.perf_counter() - begin
    await asyncio.to_thread(service.wait)
    after = await call_for(service.port, CALLERS, [sample], QUIET_SECONDS)
    hung = await hanging
    caller.close()
    return Observations(quiet, hung, others, seconds, replaced, after)


def _is_replaced(service: Service, workers: list[int]) -> bool:
    now = set(service.workers)
    return len(now) == WORKERS and now != set(workers)


def package_moody() -> Path:
    """Package a model with a fault that comes and goes."""
    shutil.rmtree(ARTEFACTS / "moody", ignore_errors=True)
    return fit_moody().package(ARTEFACTS)
