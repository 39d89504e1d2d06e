"""A server that is stopped under load, with no other to take its place."""

import asyncio
import itertools
import signal
import time
from collections.abc import Iterator

from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Caller, Outcome
from benchmarks.soak.findings import Finding, count_wrong
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import Service, serve

PHASE = "drain"
ROUNDS = 3
CALLERS = 16
SECONDS = 1.0


def measure_drain(server: Ours) -> Iterator[Finding]:
    """Stop it by SIGTERM, some times, and count the requests that are lost."""
    outcomes: list[Outcome] = []
    longest = 0.0
    for _ in range(ROUNDS):
        with serve(server, CREDIT, SERVICE_LAME_DUCK_SECONDS="1") as service:
            longest = max(longest, asyncio.run(_stop(service, outcomes)))
    detail = f"of {len(outcomes):,} in {ROUNDS} stops"
    # Nobody has read these: they waited to be accepted when the server ended.
    waiting = sum(not each.status and each.is_first for each in outcomes)
    lost = count_wrong(outcomes) - waiting
    yield Finding(PHASE, "requests lost or refused", lost, most=0, detail=detail)
    yield Finding(PHASE, "new connections that got no answer", waiting)
    yield Finding(PHASE, "its end after SIGTERM", longest, "s")


async def _stop(service: Service, outcomes: list[Outcome]) -> float:
    """Stop it under load, and return the seconds that its end took."""
    samples = await asyncio.to_thread(prepare_samples, service)
    root = service.running.root

    async def ask_to_the_end() -> None:
        """Ask until a connection is refused: nothing is lost by that."""
        caller = Caller(service.port)
        for sample in itertools.cycle(samples):
            outcome = await caller.ask(sample)
            if not outcome.port:
                break
            outcomes.append(outcome)
        caller.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(ask_to_the_end())
        await asyncio.sleep(SECONDS)
        begin = time.monotonic()
        root.send_signal(signal.SIGTERM)
    await asyncio.to_thread(root.wait)
    return time.monotonic() - begin
