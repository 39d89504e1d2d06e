"""How long a step takes, to choose between two paths."""

import time
from collections.abc import Callable
from typing import Any

TRIALS = 3
ENOUGH_SECONDS = 0.005


def time_call(answer: Callable[[Any], Any], block: Any) -> float:
    """Return the seconds of a call; a slow one is called fewer times."""
    durations = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        answer(block)
        durations.append(time.perf_counter() - start)
        if sum(durations) > ENOUGH_SECONDS:
            break
    return min(durations)  # what else runs on the machine only ever adds
