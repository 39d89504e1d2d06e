"""The kinds of metrics: each holds, for every set of labels, what counts for it.

Labels are looked up by one key, which is the label where there is but one.
"""

from abc import abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

from prometheus_client.utils import floatToGoString

from service.model.contract.array_columns import NumberColumn
from service.web.monitoring.counts import Cell, Counts, FileKind, Labels

Child = TypeVar("Child")


class Metric(dict[Any, Child]):
    """A metric, whose children are made when they are first asked for."""

    kind: FileKind

    def __init__(
        self, counts: Counts, name: str, help_text: str, labels: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._counts = counts
        self._name = name
        self._help_text = help_text
        self._labels = labels

    def __missing__(self, key: Any) -> Child:
        """Make the child of a label, or of a tuple of labels."""
        values = key if type(key) is tuple else (key,)
        labels = {n: str(v) for n, v in zip(self._labels, values, strict=True)}
        child = self[key] = self.make_child(labels)
        return child

    @property
    def unlabelled(self) -> Child:
        """The only child of a metric without labels."""
        return self[()]

    @abstractmethod
    def make_child(self, labels: Labels) -> Child:
        """Make what counts for a set of labels."""

    def make_cell(self, suffix: str, labels: Labels) -> Cell:
        """Make the cell of one sample."""
        return self._counts.find_cell(
            self.kind, self._name, self._name + suffix, labels, self._help_text
        )


class Counter(Metric[Cell]):
    """A number that only grows; its name is given without `_total`."""

    kind: FileKind = "counter"

    def make_child(self, labels: Labels) -> Cell:
        return self.make_cell("_total", labels)


class SumGauge(Metric[Cell]):
    """A number of each worker that lives; they are added up."""

    kind: FileKind = "gauge_livesum"

    def make_child(self, labels: Labels) -> Cell:
        return self.make_cell("", labels)


class MaxGauge(SumGauge):
    """A number of each worker that lives; the largest is shown."""

    kind: FileKind = "gauge_livemax"


class Distribution:
    """How many values lie up to each bound, and their sum."""

    def __init__(
        self, total: Cell, bounds: Sequence[float], buckets: list[Cell]
    ) -> None:
        self._total = total
        self._bounds = bounds
        self._buckets = buckets

    def observe(self, value: float) -> None:
        total = self._total
        bucket = self._buckets[bisect_left(self._bounds, value)]
        total.numbers[total.index] += value
        bucket.numbers[bucket.index] += 1

    def observe_all(self, values: Sequence[float]) -> None:
        if len(values) == 1:
            self.observe(values[0])
            return
        if type(values) is NumberColumn:
            ends, total = values.distribute(self._bounds)
        else:
            ordered = sorted(values)
            ends = [bisect_right(ordered, bound) for bound in self._bounds]
            total = sum(ordered)
        for bucket, (start, end) in zip(
            self._buckets, pairwise((0, *ends, len(values))), strict=True
        ):
            if end > start:
                bucket.add(end - start)
        self._total.add(total)


class Histogram(Metric[Distribution]):
    """How values are distributed."""

    kind: FileKind = "histogram"

    def __init__(
        self,
        counts: Counts,
        name: str,
        help_text: str,
        labels: tuple[str, ...] = (),
        *,
        bounds: Sequence[float],
    ) -> None:
        super().__init__(counts, name, help_text, labels)
        self._bounds = bounds

    def make_child(self, labels: Labels) -> Distribution:
        buckets = [
            self.make_cell("_bucket", {**labels, "le": floatToGoString(bound)})
            for bound in (*self._bounds, float("inf"))
        ]
        return Distribution(self.make_cell("_sum", labels), self._bounds, buckets)
