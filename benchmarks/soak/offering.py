"""Load from a process of its own: as much as is asked for, answered or not."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.soak.caller import Caller, Outcome, call_for
from benchmarks.soak.questions import Question


@dataclass(frozen=True)
class Offer:
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


def saturate(
    port: int, questions: Sequence[Question], callers: int, seconds: float
) -> Offer:
    """Let each caller ask again as soon as it has its answer."""
    begin = time.perf_counter()
    outcomes = asyncio.run(call_for(port, callers, questions, seconds))
    return Offer(outcomes, seconds, time.perf_counter() - begin)


def offer(
    port: int, questions: Sequence[Question], rate: float, seconds: float
) -> Offer:
    """Send so many requests a second, whatever becomes of those before."""
    return asyncio.run(_offer(port, questions, rate, int(rate * seconds)))


async def _offer(
    port: int, questions: Sequence[Question], rate: float, count: int
) -> Offer:
    idle: deque[Caller] = deque()

    async def ask(question: Question) -> Outcome:
        caller = idle.popleft() if idle else Caller(port)
        outcome = await caller.ask(question)
        idle.append(caller)
        return outcome

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for turn in range(count):
            due = begin + turn / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(group.create_task(ask(questions[turn % len(questions)])))
        sending = time.perf_counter() - begin
    for caller in idle:
        caller.close()
    outcomes = [task.result() for task in tasks]
    return Offer(outcomes, sending, time.perf_counter() - begin)
