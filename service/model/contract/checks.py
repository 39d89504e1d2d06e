"""What says of a whole column whether it keeps the contract, in a few passes of C.

The set of its types, its least and its greatest value: all that a feature asks for.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from marshmallow import ValidationError

from service.model.contract.edges import find_valid_range
from service.model.contract.features import Feature, FeatureType
from service.model.contract.schema import compile_field
from service.model.contract.strict_fields import read_whole

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


class Absent(Enum):
    """Stands where a row has no value, of a type that JSON does not have."""

    ABSENT = 0


ABSENT = Absent.ABSENT
HOLES = frozenset([type(None), Absent])


def compile_check(feature: Feature, max_string_length: int) -> Check:
    """Compile what returns a column that keeps the contract, ready to predict."""
    convert = _compile_conversion(feature)
    known = {TYPES[feature.type], *compile_conversions(feature)}
    if feature.nullable:
        known.add(type(None))
    default = None
    if not feature.required:
        known.add(Absent)
        default = compile_field(feature).load_default
    is_within = compile_bounds(feature, max_string_length)

    def check(column: Column) -> Column | None:
        found = set(map(type, column))
        if not found <= known:
            return None
        try:
            column = convert(column, found)
        except (ValueError, ValidationError):
            return None
        present = column
        if not found.isdisjoint(HOLES):
            present = [v for v in column if v is not None and v is not ABSENT]
        if present and not is_within(present):
            return None
        if Absent in found:  # a default need not be within the bounds
            return [default if v is ABSENT else v for v in column]
        return column

    return check


def _compile_conversion(feature: Feature) -> Callable[[Column, set[type]], Column]:
    """Compile what converts a column of the types found."""
    conversions = compile_conversions(feature)

    def convert(column: Column, found: set[type]) -> Column:
        for converted, read in conversions.items():
            if converted in found:
                column = [read(v) if type(v) is converted else v for v in column]
        return column

    return convert


def compile_conversions(feature: Feature) -> dict[type, Callable[[Any], Any]]:
    """Compile what turns values of other types into the feature's, by their type.

    30 is a number, and 30.0 an integer: so pandas writes it where a column holds nulls.
    Raises ValueError or ValidationError, at a value that the contract does not know.
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
    low, high = find_valid_range(feature)
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
