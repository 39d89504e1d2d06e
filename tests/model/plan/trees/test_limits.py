"""Which way trees are asked at which number of rows, by ways of a known cost.

Each keeps the processor for so many microseconds: that is measured, and not the time
that passes.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pytest

from service.model.plan.steps import Numbers
from service.model.plan.trees.limits import (
    BY_MODEL,
    BY_TABLES,
    BY_TREELITE,
    MEASURING_SECONDS,
    SIZES,
    Limits,
    measure_limits,
)

ALL = (BY_TREELITE, BY_TABLES, BY_MODEL)
WITHOUT_TABLES = (BY_TREELITE, BY_MODEL)
FAST, SLOW = 50, 500

Costs = Mapping[Limits, Callable[[int], float]]


class Ways:
    """Ways of asking whose cost in microseconds goes by the number of rows."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self.asked: dict[Limits, list[int]] = defaultdict(list)

    def score_by(self, way: Limits) -> Callable[[Numbers], np.ndarray]:
        def score(X: Numbers) -> np.ndarray:
            if len(X) not in self.asked[way]:
                self.asked[way].append(len(X))
            end = time.thread_time() + self._costs[way](len(X)) / 1e6
            while time.thread_time() < end:
                pass
            return X

        return score

    def measure(self, ways: Sequence[Limits]) -> Limits:
        return measure_limits(ways, self.score_by, np.zeros((3, 2)))


def make_ways(fastest: Mapping[int, Limits]) -> Ways:
    """Return ways of which another is the fastest from some numbers of rows on."""

    def weigh(way: Limits, rows: int) -> float:
        found = fastest[max(first for first in fastest if first <= rows)]
        return FAST if found == way else SLOW

    return Ways({way: partial(weigh, way) for way in ALL})


@pytest.mark.parametrize(
    ("fastest", "ways", "limits"),
    [
        ({1: BY_TREELITE}, ALL, Limits(4096, 0)),
        ({1: BY_TREELITE, 64: BY_TABLES}, ALL, Limits(16, math.inf)),
        ({1: BY_TABLES}, ALL, Limits(0, math.inf)),
        ({1: BY_TREELITE, 16: BY_TABLES, 256: BY_MODEL}, ALL, Limits(4, 64)),
        ({1: BY_TREELITE, 64: BY_MODEL, 256: BY_TABLES}, ALL, Limits(16, math.inf)),
        ({1: BY_TREELITE, 64: BY_MODEL}, WITHOUT_TABLES, Limits(16, 0)),
        ({1: BY_MODEL}, ALL, BY_MODEL),
    ],
)
def test_each_answers_up_to_where_it_is_the_fastest(
    fastest: Mapping[int, Limits], ways: Sequence[Limits], limits: Limits
) -> None:
    assert make_ways(fastest).measure(ways) == limits


def test_tables_that_are_little_faster_have_a_limit() -> None:
    """What makes up the difference for many rows is not known before 1,024."""
    ways = Ways(
        {
            BY_TREELITE: lambda _: 10 * SLOW,
            BY_TABLES: lambda rows: SLOW if rows <= 256 else 3 * SLOW,
            BY_MODEL: lambda _: 1.5 * SLOW,
        }
    )
    assert ways.measure(ALL) == Limits(0, 256)


def test_what_is_slower_than_a_later_way_is_not_asked_again() -> None:
    ways = make_ways({1: BY_TREELITE, 16: BY_TABLES, 64: BY_MODEL})
    ways.measure(ALL)
    assert ways.asked == {
        BY_TREELITE: [1, 4, 16],
        BY_TABLES: [1, 4, 16, 64, 256],
        BY_MODEL: [1, 4, 16, 64, 256],
    }


def test_more_rows_than_there_is_time_for_are_not_measured() -> None:
    slow = 1e6 * MEASURING_SECONDS / 3
    costs = {BY_TREELITE: lambda _: FAST, BY_MODEL: lambda _: slow}
    ways = Ways(costs)
    assert ways.measure(WITHOUT_TABLES) == Limits(SIZES[0], 0)
    assert ways.asked[BY_MODEL] == [SIZES[0]]
