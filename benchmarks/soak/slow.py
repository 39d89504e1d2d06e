"""Fifty callers that drip a byte a second, beside one that does not."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_for
from benchmarks.soak.findings import Finding, find_percentile
from benchmarks.soak.questions import prepare_questions
from benchmarks.soak.service import serve
from benchmarks.workload import build_workload

PHASE = "50 dripping connections"
CONNECTIONS = 50
ROUNDS = 3
SECONDS = 3.0


def measure_slow_callers() -> Iterator[Finding]:
    """Compare a caller's p99 with its quiet one, in turns."""
    with serve(CREDIT) as service:
        questions = prepare_questions(
            service.ours, build_workload(CREDIT), service.port, 1, 64
        )
        half = questions[0].request[:-40]
        quiet: list[Outcome] = []
        dripping: list[Outcome] = []

        async def take_turns() -> None:
            for _ in range(ROUNDS):
                quiet.extend(await call_for(service.port, 1, questions, SECONDS))
                async with asyncio.TaskGroup() as group:
                    drips = [
                        group.create_task(_drip(service.port, half))
                        for _ in range(CONNECTIONS)
                    ]
                    await asyncio.sleep(1)
                    dripping.extend(await call_for(service.port, 1, questions, SECONDS))
                    for drip in drips:
                        drip.cancel()

        asyncio.run(take_turns())
    ratio = find_percentile(dripping, 0.99) / find_percentile(quiet, 0.99)
    yield Finding(PHASE, "p99 of another caller, of its quiet one", ratio, most=3.0)
    wrong = sum(not each.is_right for each in dripping)
    counted = f"its requests without the right answer, of {len(dripping):,}"
    yield Finding(PHASE, counted, wrong, most=0)


async def _drip(port: int, half: bytes) -> None:
    """Send a request that never comes to its end, and begin again where it is cut."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for byte in half:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)
            finally:
                writer.close()
