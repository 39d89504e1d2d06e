"""How long a step takes, to choose between two paths."""

import time
from collections.abc import Callable
from typing import Any

TRIALS = 3
ENOUGH_SECONDS = 0.005


def time_call(answer: Callable[[Any], Any], block: Any) -> float:
    """Return the processor seconds of a call; a slow one is called fewer times.

    A step has one thread. The time in which another process has its processor would
    choose the slower path on a machine that is busy while a model is loaded.
    """
    durations = []
    for _ in range(TRIALS):
        start = time.thread_time()
        answer(block)
        durations.append(time.thread_time() - start)
        if sum(durations) > ENOUGH_SECONDS:
            break
    return min(durations)  # what else runs on the machine only ever adds
