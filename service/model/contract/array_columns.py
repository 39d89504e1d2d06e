"""Columns of many values as arrays, which stand for the very values that they hold.

Each is a Sequence of plain values, as a list of them is: what does not know of arrays
takes it for one. The values are listed when somebody first asks for them. They are told
by `type(...) is`, which takes a tenth of the time of isinstance for a Sequence.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

# Making arrays of a request of 13 columns takes as long as what the plan and drift save
# by them for 200 rows; of 1,000 they save twice as much as that.
FEW_ROWS = 256

# To sort more numbers than these takes longer than to compare them with some twelve
# bounds: 16,384 of them 460 microseconds instead of 35.
SORTED_NUMBERS = 1024


class ArrayColumn(Sequence[Any]):
    """A column of plain values, a null as None, that some read as arrays."""

    def __init__(self, count: int, values: Sequence[Any] | None = None) -> None:
        self._count = count
        if values is not None:
            self.values = values

    @cached_property
    def values(self) -> Sequence[Any]:
        """The plain values."""
        return self.list_values()

    @abstractmethod
    def list_values(self) -> list[Any]:
        """Return the plain values, of arrays that were not made of any."""

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self.values[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)


class NumberColumn(ArrayColumn):
    """Numbers, also as doubles: a null as NaN, an integer rounded as float() does it.

    `integers` has them exactly, where they are integers that were no Python objects.
    """

    def __init__(
        self,
        doubles: np.ndarray,
        values: Sequence[Any] | None = None,
        integers: np.ndarray | None = None,
    ) -> None:
        super().__init__(len(doubles), values)
        self.doubles = doubles
        self.integers = integers

    def list_values(self) -> list[Any]:
        exact = self.doubles if self.integers is None else self.integers
        found: list[Any] = exact.tolist()
        if self.has_null:
            for index in np.flatnonzero(np.isnan(self.doubles)).tolist():
                found[index] = None
        return found

    def __getitem__(self, index: Any) -> Any:
        if type(index) is not int or "values" in vars(self):
            return self.values[index]
        double: float = self.doubles.item(index)
        if double != double:  # noqa: PLR0124 - a null
            return None
        return double if self.integers is None else self.integers.item(index)

    @cached_property
    def _ordered(self) -> np.ndarray:
        """The doubles in ascending order, nulls at the end."""
        return np.sort(self.doubles)

    @cached_property
    def has_null(self) -> bool:
        """True if a value is null."""
        return bool(np.isnan(self.doubles).any())

    @cached_property
    def range(self) -> tuple[float | None, float | None]:
        """The least and the greatest double, None where all are null."""
        if not len(self):
            return None, None
        least = float(np.fmin.reduce(self.doubles))
        if math.isnan(least):
            return None, None
        return least, float(np.fmax.reduce(self.doubles))

    def take_every(self, step: int, start: int) -> "NumberColumn":
        """Return each number that is `step` behind the one before, from `start` on."""
        integers = self.integers
        return NumberColumn(
            self.doubles[start::step],
            integers=None if integers is None else integers[start::step],
        )

    def __contains__(self, value: object) -> bool:
        return self.has_null if value is None else value in self.values

    def count(self, value: Any) -> int:
        """Return how often a value occurs."""
        if value is None:
            return int(np.count_nonzero(np.isnan(self.doubles)))
        return self.values.count(value)

    def count_below(self, bounds: Sequence[float]) -> list[int]:
        """Return how many numbers lie below each bound."""
        if len(self) <= SORTED_NUMBERS:
            return self._ordered.searchsorted(bounds).tolist()  # type: ignore[no-any-return]
        doubles = self.doubles
        return [int(np.count_nonzero(doubles < bound)) for bound in bounds]

    def distribute(self, bounds: Sequence[float]) -> tuple[list[int], float]:
        """Return how many numbers lie up to each bound, and the sum of all."""
        doubles = self.doubles
        if len(self) <= SORTED_NUMBERS:
            ends = self._ordered.searchsorted(bounds, "right").tolist()
        else:
            ends = [int(np.count_nonzero(doubles <= bound)) for bound in bounds]
        with np.errstate(over="ignore", invalid="ignore"):  # as sum() of a list does
            return ends, float(doubles.sum())


class CodedColumn(ArrayColumn):
    """Categories: `codes` (n,) are places in `kinds`, of which a null may be one.

    Of a feature's column, each kind occurs.
    """

    def __init__(
        self,
        codes: np.ndarray,
        kinds: Sequence[Any],
        values: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(len(codes), values)
        self.codes = codes
        self.kinds = kinds

    def list_values(self) -> list[Any]:
        kinds = self.kinds
        return [kinds[code] for code in self.codes.tolist()]

    def __contains__(self, value: object) -> bool:
        return value in self.kinds

    @cached_property
    def counts(self) -> list[int]:
        """How often each kind occurs."""
        found: list[int] = np.bincount(self.codes, minlength=len(self.kinds)).tolist()
        return found

    def count(self, value: Any) -> int:
        """Return how often a value occurs."""
        pairs = zip(self.kinds, self.counts, strict=True)
        return sum(times for kind, times in pairs if kind == value)

    def read(self, read: Callable[[Any], float]) -> np.ndarray:
        """Return the number that each value is read as, asking once for each kind."""
        numbers: np.ndarray = np.array([read(kind) for kind in self.kinds], np.float64)
        return numbers.take(self.codes)


class NumberTable(Sequence[Sequence[float]]):
    """The numbers of predictions, a row each, as an array of doubles (n, k)."""

    def __init__(self, doubles: np.ndarray) -> None:
        self._doubles = doubles
        self._columns: dict[tuple[int, int, bool], NumberColumn] = {}

    def __len__(self) -> int:
        return len(self._doubles)

    def __getitem__(self, index: Any) -> Any:
        return self._doubles[index].tolist()

    def __iter__(self) -> Iterator[Sequence[float]]:
        return zip(*self.list_columns(), strict=True)

    def list_columns(self) -> list[list[float]]:
        """Return a list for each column."""
        return [column.tolist() for column in self._doubles.T]

    def read_columns(self) -> list[NumberColumn]:
        """Return each column."""
        return [self.read_column(index) for index in range(self._doubles.shape[1])]

    def read_column(self, index: int) -> NumberColumn:
        """Return a column; whoever asks for it again is given the same."""
        return self.read_extreme(index, index + 1)

    def read_extreme(
        self, start: int, end: int, *, is_least: bool = False
    ) -> NumberColumn:
        """Return the greatest, or the least, of some columns in each row."""
        place = (start, end, is_least)
        if place not in self._columns:
            part = self._doubles[:, start:end]
            found = part.min(axis=1) if is_least else part.max(axis=1)
            self._columns[place] = NumberColumn(found)
        return self._columns[place]
