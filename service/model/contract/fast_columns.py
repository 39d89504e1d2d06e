"""Columns checked at once: whether all instances keep the contract, and nothing else.

marshmallow is the contract and writes the errors, at some 30 microseconds an instance.
Nearly every request keeps it, and that a whole column does is seen in a few passes of
C. Where this says no, which may only mean that it is not sure, marshmallow decides.
"""

from operator import itemgetter
from typing import Any

from service.model.contract.checks import ABSENT, Check, Column, compile_check
from service.model.contract.features import Contract


class FastColumns:
    """Turns rows into columns when every instance keeps the contract."""

    def __init__(self, contract: Contract, max_string_length: int) -> None:
        self._names = names = [feature.name for feature in contract.features]
        self._known = frozenset(names)
        self._width = len(names)
        self._is_ignoring = contract.unknown_fields == "ignore"
        get: Any = itemgetter(*names)
        self._get = get if len(names) > 1 else lambda row: (row[names[0]],)
        self._checks = [
            compile_check(feature, max_string_length) for feature in contract.features
        ]

    def read(self, rows: Any) -> tuple[Column, ...] | None:
        """Return the columns of rows that have each field and no other, or None."""
        columns = self._take_columns(rows)
        if columns is None:
            return None
        kept = []
        for check, column in zip(self._checks, columns, strict=True):
            checked = check(column)
            if checked is None:
                return None
            kept.append(checked)
        return tuple(kept)

    def read_good(self, rows: list[Any]) -> tuple[list[Column], int]:
        """Return the columns of the rows before the first to ask about, and how many.

        Absent fields have their defaults, and what may be ignored is.
        """
        columns = self._take_columns(rows)
        count = len(rows)
        if columns is None:
            may_be = enumerate(map(self._may_be_good, rows))
            count = next((index for index, is_good in may_be if not is_good), count)
            columns = [
                [row.get(name, ABSENT) for row in rows[:count]] for name in self._names
            ]
        kept: list[Column] = []
        for check, column in zip(self._checks, columns, strict=True):
            read = check(column[:count])
            if read is None:
                count = _count_good(check, column[:count])
                read = check(column[:count]) or ()
            kept.append(read)
        return [column[:count] for column in kept], count

    def _may_be_good(self, row: Any) -> bool:
        is_object = type(row) is dict
        return is_object and (self._is_ignoring or self._known.issuperset(row))

    def _take_columns(self, rows: Any) -> list[Column] | None:
        if type(rows) is not list or set(map(type, rows)) != {dict}:
            return None
        if set(map(len, rows)) != {self._width}:
            return None
        try:
            return list(zip(*map(self._get, rows), strict=True))
        except KeyError:
            return None


def _count_good(check: Check, column: Column) -> int:
    """Return the place of the first value that makes a column fail."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        if check(column[low:middle]) is None:
            high = middle
        else:
            low = middle
    return low
