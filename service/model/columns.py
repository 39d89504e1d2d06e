"""Columns checked at once: whether all instances keep the contract, and nothing else.

marshmallow is the contract and writes the errors, at some 30 microseconds an instance.
Nearly every request keeps it, and that a whole column does is seen in a few passes of
C: the set of its types, its least and its greatest value. Where this says no, which
may only mean that it is not sure, marshmallow decides.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from marshmallow import ValidationError

from service.model.contract import Contract, Feature, FeatureType
from service.model.schema import compile_field, effective_bounds

Column = Sequence[Any]
Check = Callable[[Column], Column | None]

TYPES: dict[FeatureType, set[type]] = {
    "number": {int, float},
    "integer": {int},  # 30.0 is one, too: marshmallow knows
    "string": {str},
    "boolean": {bool},
    "date-time": {str},
}


class ColumnReader:
    """Turns rows into columns when every instance keeps the contract."""

    def __init__(self, contract: Contract, max_string_length: int) -> None:
        names = [feature.name for feature in contract.features]
        self._width = len(names)
        get: Any = itemgetter(*names)
        self._get = get if len(names) > 1 else lambda row: (row[names[0]],)
        self._checks = [
            _compile_check(feature, max_string_length) for feature in contract.features
        ]

    def read(self, rows: Any) -> tuple[Column, ...] | None:
        """Return the columns, or None where marshmallow has to look."""
        if type(rows) is not list or set(map(type, rows)) != {dict}:
            return None
        if set(map(len, rows)) != {self._width}:
            return None
        try:
            columns = list(zip(*map(self._get, rows), strict=True))
        except KeyError:
            return None
        kept = []
        for check, column in zip(self._checks, columns, strict=True):
            checked = check(column)
            if checked is None:
                return None
            kept.append(checked)
        return tuple(kept)


def _compile_check(feature: Feature, max_string_length: int) -> Check:
    """Compile what returns a column that keeps the contract, ready to predict."""
    types = TYPES[feature.type]
    known = types | {type(None)} if feature.nullable else types
    convert = _compile_conversion(feature)
    is_within = compile_bounds(feature, max_string_length)

    def check(column: Column) -> Column | None:
        found = set(map(type, column))
        if not found <= known:
            return None
        if convert is not None:
            try:
                column = convert(column)
            except ValidationError:
                return None
        has_nulls = type(None) in found
        present = [v for v in column if v is not None] if has_nulls else column
        return column if not present or is_within(present) else None

    return check


def _compile_conversion(feature: Feature) -> Callable[[Column], Column] | None:
    if feature.type == "number":
        return lambda column: [v if v is None else float(v) for v in column]
    if feature.type == "date-time":
        read = compile_field(feature).deserialize
        return lambda column: [v if v is None else read(v) for v in column]
    return None


def compile_bounds(
    feature: Feature, max_string_length: int
) -> Callable[[Column], bool]:
    """Compile what says of values of the right type, none of them null, if all fit."""
    tests = [*_iterate_tests(feature, max_string_length)]
    if len(tests) > 1:
        return lambda present: all(test(present) for test in tests)
    return tests[0] if tests else lambda present: True


def _iterate_tests(
    feature: Feature, max_string_length: int
) -> Iterator[Callable[[Column], bool]]:
    low, high = effective_bounds(feature)
    if feature.categories is not None:
        yield frozenset(feature.categories).issuperset
    elif feature.type == "string":
        yield lambda present: max(map(len, present)) <= max_string_length
        if feature.storage.dtype == "U":
            yield lambda present: not any(text.endswith("\0") for text in present)
    if low is not None and high is not None:
        yield lambda present: bool(min(present) >= low and max(present) <= high)
    elif low is not None:
        yield lambda present: bool(min(present) >= low)
    elif high is not None:
        yield lambda present: bool(max(present) <= high)
