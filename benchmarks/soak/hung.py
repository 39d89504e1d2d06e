"""A model that hangs on one request, while others ask for more."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from moods import HELD
from pipelines import fit_moody

from benchmarks.places import ARTEFACTS, BUILD
from benchmarks.soak.caller import Caller, Outcome, call_for, call_while
from benchmarks.soak.findings import Finding
from benchmarks.soak.questions import (
    Question,
    fetch,
    prepare_question,
    write_request,
)
from benchmarks.soak.service import WORKERS, Service, serve

PHASE = "hung model"
DEADLINE_SECONDS = 2
CALLERS = 8
QUIET_SECONDS = 3.0

# For a new worker to be there, after the old one was given up.
PATIENCE_SECONDS = 20.0


def measure_hung_model() -> Iterator[Finding]:
    """Let one prediction hang, and see what it costs."""
    mood = BUILD / "mood"
    mood.write_text("hold")
    with serve(
        _package(),
        MOOD_FILE=str(mood),
        SERVICE_PREDICT_TIMEOUT_SECONDS=str(DEADLINE_SECONDS),
    ) as service:
        body = fetch(service.ours, [{"x": 2.5}], service.port)
        # A caller is not to spend the whole phase in the worker that hangs.
        hurry = "X-Request-Timeout-Ms: 500"
        question = prepare_question(service.ours, [{"x": 2.5}], body, hurry)
        quiet, hung, others, seconds, after = asyncio.run(_hang(service, question))
    yield Finding(
        PHASE, "its caller's answer after", hung.seconds, "s", most=DEADLINE_SECONDS + 2
    )
    is_told = hung.status in (503, 504)
    yield Finding(PHASE, "which is neither 503 nor 504", int(not is_told), most=0)
    rate = sum(each.is_right for each in others) / seconds
    quiet_rate = sum(each.is_right for each in quiet) / QUIET_SECONDS
    yield Finding(
        PHASE,
        "right answers a second to others meanwhile, of those when quiet",
        rate / quiet_rate,
        least=0.25,
    )
    lost = sum(not (o.is_right or o.status in (503, 504)) for o in others)
    counted = f"other requests lost or answered wrongly, of {len(others):,}"
    yield Finding(PHASE, counted, lost, most=0)
    late = sum(not each.is_right for each in after)
    counted = f"the same once the worker is replaced, of {len(after):,}"
    yield Finding(PHASE, counted, late, most=0)


async def _hang(
    service: Service, question: Question
) -> tuple[list[Outcome], Outcome, list[Outcome], float, list[Outcome]]:
    quiet = await call_for(service.port, CALLERS, [question], QUIET_SECONDS)
    workers = set(service.workers)
    caller = Caller(service.port)
    hung: list[Outcome] = []

    async def hang(_: list[Outcome]) -> None:
        request = write_request(service.ours, [{"x": HELD}])
        hung.append(await caller.ask(Question(request)))
        end = time.monotonic() + PATIENCE_SECONDS
        while not _is_replaced(service, workers):
            if time.monotonic() > end:
                raise TimeoutError("The worker that hangs was not replaced.")
            await asyncio.sleep(0.05)

    begin = time.perf_counter()
    others = await call_while(service.port, CALLERS, [question], hang)
    seconds = time.perf_counter() - begin
    await asyncio.to_thread(service.wait)
    after = await call_for(service.port, CALLERS, [question], QUIET_SECONDS)
    caller.close()
    return quiet, hung[0], others, seconds, after


def _is_replaced(service: Service, workers: set[int]) -> bool:
    now = set(service.workers)
    return len(now) == WORKERS and now != workers


def _package() -> Path:
    shutil.rmtree(ARTEFACTS / "moody", ignore_errors=True)
    return fit_moody().package(ARTEFACTS)
