"""Load of two kinds: a closed loop waits for its answers, an open one does not."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.soak.caller import Caller, Outcome, call_for
from benchmarks.soak.samples import Sample


@dataclass(frozen=True)
class Load:
    """What came of a load, and the seconds from its first request to its last answer.

    `sending_seconds` is to its last request.
    """

    outcomes: list[Outcome]
    sending_seconds: float
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second that were sent."""
        return len(self.outcomes) / self.sending_seconds

    @property
    def right_rate(self) -> float:
        """Right answers a second."""
        return sum(outcome.is_right for outcome in self.outcomes) / self.seconds


def run_closed_loop(
    port: int, samples: Sequence[Sample], callers: int, seconds: float
) -> Load:
    """Let each caller ask again as soon as it has its answer."""
    begin = time.perf_counter()
    outcomes = asyncio.run(call_for(port, callers, samples, seconds))
    return Load(outcomes, seconds, time.perf_counter() - begin)


def run_open_loop(
    port: int, samples: Sequence[Sample], rate: float, seconds: float
) -> Load:
    """Send so many requests a second, whatever becomes of those before."""
    return asyncio.run(_send(port, samples, rate, int(rate * seconds)))


async def _send(port: int, samples: Sequence[Sample], rate: float, count: int) -> Load:
    idle: deque[Caller] = deque()

    async def ask(sample: Sample) -> Outcome:
        caller = idle.popleft() if idle else Caller(port)
        outcome = await caller.ask(sample)
        idle.append(caller)
        return outcome

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for turn in range(count):
            due = begin + turn / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(group.create_task(ask(samples[turn % len(samples)])))
        sending = time.perf_counter() - begin
    for caller in idle:
        caller.close()
    outcomes = [task.result() for task in tasks]
    return Load(outcomes, sending, time.perf_counter() - begin)
