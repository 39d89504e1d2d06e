"""Up to how many rows each way to ask trees is the fastest, as measured."""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from service.model.plan.steps import Numbers
from service.model.plan.timing import time_call

SIZES = (1, 4, 16, 64, 256, 1024, 4096)
# Of more rows than these, the tables take about as long for each, and the model up to a
# third less than for each of a few hundred.
MANY, VERY_MANY = 256, 1024
MEASURING_SECONDS = 0.4


class Limits(NamedTuple):
    """Up to how many rows treelite answers, and after it the tables."""

    treelite: float = 0
    tables: float = 0


BY_TREELITE, BY_TABLES = Limits(treelite=math.inf), Limits(tables=math.inf)
BY_MODEL = Limits()


def measure_limits(
    ways: Sequence[Limits],
    score_by: Callable[[Limits], Callable[[Numbers], np.ndarray]],
    rows: Numbers,
) -> Limits:
    """Measure `ways`, in the order of the numbers of rows that they are fast for.

    One that is slower than a later one is not asked again, unless that is the model,
    the last of them, and faster only once.
    """
    best: dict[Limits, float] = dict.fromkeys((*ways, BY_TABLES), 0)
    deadline, lost = time.thread_time() + MEASURING_SECONDS, 0
    for size in SIZES:
        X = np.resize(rows, (size, rows.shape[1]))
        seconds = [time_call(score_by(way), X) for way in ways]
        place = seconds.index(min(seconds))
        if ways[place] == BY_MODEL:
            lost += 1
            if lost > (BY_TABLES in ways):  # once may be chance
                break
        else:
            ways, lost = ways[place:], 0
            best[ways[0]] = size
            if ways[0] == BY_TABLES and _is_for_all(size, seconds):
                best[BY_TABLES] = math.inf
                break
        # The next size is four times this one, and a slow one is run once.
        if time.thread_time() + 4 * sum(seconds) > deadline:
            break
    return Limits(best[BY_TREELITE], best[BY_TABLES])


def _is_for_all(size: int, seconds: Sequence[float]) -> bool:
    """Return True if the fastest way is so for any greater number of rows, too."""
    return size >= VERY_MANY or (size >= MANY and 2 * min(seconds) < seconds[-1])
