"""Columns checked at once: whether all instances keep the contract, and nothing else.

marshmallow is the contract and writes the errors, at some 30 microseconds an instance.
Nearly every request keeps it, and that a whole column does is seen in a few passes of
C: the set of its types, its least and its greatest value. Where this says no, which
may only mean that it is not sure, marshmallow decides.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from marshmallow import ValidationError

from service.model.contract import Contract, Feature, FeatureType
from service.model.schema import compile_field, effective_bounds
from service.model.strictfields import read_whole

Column = Sequence[Any]
Check = Callable[[Column], Column | None]

# The type of a value that is taken as it stands; JSON has no date-time.
TYPES: dict[FeatureType, type] = {
    "number": float,
    "integer": int,
    "string": str,
    "boolean": bool,
    "date-time": datetime,
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
    conversions = compile_conversions(feature)
    known = {TYPES[feature.type], *conversions}
    if feature.nullable:
        known.add(type(None))
    is_within = compile_bounds(feature, max_string_length)

    def check(column: Column) -> Column | None:
        found = set(map(type, column))
        if not found <= known:
            return None
        for converted, convert in conversions.items():
            if converted in found:
                try:
                    column = [convert(v) if type(v) is converted else v for v in column]
                except ValidationError:
                    return None
        has_nulls = type(None) in found
        present = [v for v in column if v is not None] if has_nulls else column
        return column if not present or is_within(present) else None

    return check


def compile_conversions(feature: Feature) -> dict[type, Callable[[Any], Any]]:
    """Compile what turns values of other types into the feature's, by their type.

    30 is a number, and 30.0 an integer: so pandas writes it where a column holds nulls.
    Raises ValidationError, at a value that the contract does not know.
    """
    if feature.type == "number":
        return {int: float}
    if feature.type == "integer":
        return {float: read_whole}
    if feature.type == "date-time":
        return {str: compile_field(feature).deserialize}
    return {}


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
