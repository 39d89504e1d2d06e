"""A good caller, in turns beside a flood and alone."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.places import ROOT
from benchmarks.process import measure_pss, measure_work, read_tcp_memory
from benchmarks.soak.caller import Outcome, call_for, call_while
from benchmarks.soak.samples import Sample
from benchmarks.soak.service import WORKERS, Service

ROUNDS = 3
QUIET_SECONDS = 2.0
SECONDS = 3.0
WEIGH_SECONDS = 0.25

# Workers give free memory back once they have had nothing large to do for a second.
SETTLE_SECONDS = 3.0

# An idle worker wakes up four times a second.
LOOK_SECONDS = 0.5
QUIET_SHARE = 0.1

# By then a worker that hangs is replaced, and what the flood has left is closed.
PATIENCE_SECONDS = 20.0


@dataclass
class Observations:
    """What the caller saw, and what the service held; memory in MB.

    `quiet` and `beside` are by turn: what it asked before the flood, and at its height;
    `answers` is all while there was any of it. `left` is the connections that were not
    closed with the flood, `busy_seconds` how long the workers had to do with it after
    its end.
    """

    quiet: list[list[Outcome]] = field(default_factory=list)
    beside: list[list[Outcome]] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    before: float = 0.0
    most: float = 0.0
    after: float = 0.0
    kernel: float = 0.0
    left: int = 0
    busy_seconds: float = 0.0
    replaced: int = 0


class Turns:
    """Takes turns with a flood that `benchmarks.soak.flooding` knows by name."""

    def __init__(self, service: Service, flood: str, requests: Sequence[bytes]) -> None:
        self._service = service
        self._flood = flood
        self._requests = requests

    async def take(self, samples: Sequence[Sample]) -> Observations:
        """Let a caller send its samples over and over, and return what was seen."""
        seen, service = Observations(), self._service
        await call_for(service.port, 1, samples, QUIET_SECONDS)
        workers, sockets = service.workers, service.count_sockets()
        seen.before = measure_pss(workers)
        for _ in range(ROUNDS):
            quiet = await call_for(service.port, 1, samples, QUIET_SECONDS)
            seen.quiet.append(quiet)
            async with self._weigh(workers, seen):
                await self._call_beside(samples, seen)
                await self._wait_for_quiet(sockets, seen)
        await asyncio.sleep(SETTLE_SECONDS)
        seen.after = measure_pss(service.workers)
        seen.replaced = len(set(workers) - set(service.workers))
        return seen

    async def _call_beside(self, samples: Sequence[Sample], seen: Observations) -> None:
        async def wait(answers: list[Outcome]) -> None:
            async with self._flooding():
                first = len(answers)
                await asyncio.sleep(SECONDS)
                last = len(answers)
                while len(answers) == last:  # what it waits for now counts, too
                    await asyncio.sleep(0.01)
                seen.beside.append(answers[first : last + 1])

        port = self._service.port
        seen.answers += await call_while(port, 1, samples, wait)

    @asynccontextmanager
    async def _flooding(self) -> AsyncIterator[None]:
        """Start the flood, wait until it is at its height, and end it in the end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.soak.flooding"),
            *(self._flood, str(self._service.port)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        requests = [request.decode("latin-1") for request in self._requests]
        process.stdin.write(f"{json.dumps(requests)}\n".encode())
        try:
            await process.stdin.drain()
            if not await process.stdout.readline():
                raise RuntimeError(f"The flood {self._flood!r} did not begin.")
            yield
        finally:
            process.stdin.close()
            await process.wait()

    @asynccontextmanager
    async def _weigh(
        self, workers: list[int], seen: Observations
    ) -> AsyncIterator[None]:
        """Note the most memory that is held meanwhile, the kernel's for TCP as well."""
        before = read_tcp_memory()

        async def weigh_on() -> None:
            while True:
                held = await asyncio.to_thread(measure_pss, workers)
                seen.most = max(seen.most, held)
                seen.kernel = max(seen.kernel, read_tcp_memory() - before)
                await asyncio.sleep(WEIGH_SECONDS)

        weighing = asyncio.create_task(weigh_on())
        try:
            yield
        finally:
            weighing.cancel()

    async def _wait_for_quiet(self, sockets: int, seen: Observations) -> None:
        """Wait until the workers have no more sockets than before, and no more to do.

        What they have accepted of a flood goes on after it, and would be measured as
        quiet.
        """
        begin = time.monotonic()
        await asyncio.to_thread(self._service.wait)
        while time.monotonic() < begin + PATIENCE_SECONDS:
            left = max(0, self._service.count_sockets() - sockets)
            if not left and await self._is_quiet():
                break
        seen.left = max(seen.left, left)
        seen.busy_seconds = max(seen.busy_seconds, time.monotonic() - begin)

    async def _is_quiet(self) -> bool:
        workers = self._service.workers
        before = measure_work(workers)
        await asyncio.sleep(LOOK_SECONDS)
        worked = measure_work(workers) - before
        return len(workers) == WORKERS and 0 <= worked < QUIET_SHARE * LOOK_SECONDS
