"""Values counted into cells: a few by bisection, many by numpy, to equal counts.

Counts lie in 64-bit integers of a memory that is given, so that it may be shared.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from service.model.contract.instances import Instances, Predictions
from service.model.drift.histograms import (
    Histogram,
    HistogramKind,
    Histograms,
    read_scores,
)

# numpy takes some 5 microseconds a column to begin, and bisection 0.15 a value.
FEW_ROWS = 24


def _keep(value: Any) -> Any:
    return value


def _read_seconds(moment: Any) -> float:
    seconds: float = moment.timestamp()
    return seconds


# How a value becomes the number that is counted. An integer is rounded to a double, as
# numpy does it.
READERS: dict[HistogramKind, Callable[[Any], float]] = {
    "number": _keep,
    "integer": float,
    "text": len,
    "date-time": _read_seconds,
}


class Tally:
    """Counts instances and their predictions by the bins of the reference."""

    def __init__(self, histograms: Histograms) -> None:
        self._ends = [0, *accumulate(each.width for each in histograms.all)]
        self.width = self._ends[-1]
        placed = [*enumerate(zip(histograms.all, self._ends, strict=False))]
        self._plain = [
            (index, list(each.edges), start, start + each.width - 1)
            for index, (each, start) in placed
            if each.kind == "number"
        ]
        self._read = [
            (index, READERS[each.kind], list(each.edges), start, start + each.width - 1)
            for index, (each, start) in placed
            if each.kind in ("integer", "text", "date-time")
        ]
        self._categories = [
            (index, _place_categories(each, start).get, start)
            for index, (each, start) in placed
            if each.is_categorical
        ]
        self._numbers = [
            (
                index,
                READERS[each.kind] if each.kind in ("text", "date-time") else None,
                np.array(each.edges, float),
                slice(start, start + each.width),
            )
            for index, (each, start) in placed
            if not each.is_categorical
        ]

    def split(self, cells: Sequence[int]) -> list[Sequence[int]]:
        """Return the cells of each histogram, the features' before the scores'."""
        return [
            cells[start:end]
            for start, end in zip(self._ends, self._ends[1:])  # noqa: B905 - neighbours
        ]

    def count(
        self, instances: Instances, predictions: Predictions, cells: memoryview
    ) -> None:
        """Add instances to cells, which hold `width` integers of 64 bits."""
        columns = (*instances.columns, *read_scores(predictions).values())
        if instances.count > FEW_ROWS:
            self._count_many(columns, cells)
        else:
            self._count_few(columns, cells)

    def _count_few(self, columns: Sequence[Sequence[Any]], cells: memoryview) -> None:
        bisect = bisect_right
        for index, edges, start, null in self._plain:
            for value in columns[index]:
                if value is None:
                    cells[null] += 1
                else:
                    cells[start + bisect(edges, value)] += 1
        for index, read, edges, start, null in self._read:
            for value in columns[index]:
                if value is None:
                    cells[null] += 1
                else:
                    cells[start + bisect(edges, read(value))] += 1
        for index, find, unseen in self._categories:
            for value in columns[index]:
                cells[find(value, unseen)] += 1

    def _count_many(self, columns: Sequence[Sequence[Any]], cells: memoryview) -> None:
        array = np.frombuffer(cells, np.int64)
        for index, read, edges, place in self._numbers:
            values = columns[index]
            if read is not None:
                values = [None if value is None else read(value) for value in values]
            numbers = np.array(values, float)  # a null becomes NaN, and nothing else is
            width = place.stop - place.start
            bins = np.searchsorted(edges, numbers, side="right")
            bins[np.isnan(numbers)] = width - 1
            array[place] += np.bincount(bins, minlength=width)
        for index, find, unseen in self._categories:
            for value, count in Counter(columns[index]).items():
                cells[find(value, unseen)] += count


def _place_categories(histogram: Histogram, start: int) -> dict[Any, int]:
    places: dict[Any, int] = {
        category: start + 1 + index
        for index, category in enumerate(histogram.categories)
    }
    return {**places, None: start + histogram.width - 1}
