"""Fifty callers that send a byte a second, beside one that does not."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from benchmarks.ours import Ours
from benchmarks.places import CREDIT
from benchmarks.soak.caller import Outcome, call_for
from benchmarks.soak.findings import Finding, count_wrong, find_percentile
from benchmarks.soak.samples import prepare_samples
from benchmarks.soak.service import serve

PHASE = "50 dripping connections"
CONNECTIONS = 50
ROUNDS = 3
SECONDS = 3.0


def measure_slow_callers(server: Ours) -> Iterator[Finding]:
    """Compare a caller's p99 with its quiet one, in turns."""
    with serve(server, CREDIT) as service:
        samples, port = prepare_samples(service), service.port
        half = samples[0].request[:-40]
        quiet: list[Outcome] = []
        beside: list[Outcome] = []

        async def take_turns() -> None:
            for _ in range(ROUNDS):
                quiet.extend(await call_for(port, 1, samples, SECONDS))
                async with asyncio.TaskGroup() as group:
                    drips = [
                        group.create_task(_drip(port, half)) for _ in range(CONNECTIONS)
                    ]
                    await asyncio.sleep(1)
                    beside.extend(await call_for(port, 1, samples, SECONDS))
                    for drip in drips:
                        drip.cancel()

        asyncio.run(take_turns())
    ratio = find_percentile(beside, 0.99) / find_percentile(quiet, 0.99)
    yield Finding(PHASE, "p99 of another caller, of its quiet one", ratio, most=3.0)
    measure, detail = "its requests without the right answer", f"of {len(beside):,}"
    yield Finding(PHASE, measure, count_wrong(beside), most=0, detail=detail)


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
