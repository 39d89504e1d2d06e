"""The valid values of a feature as a msgspec type, checked in C while they are decoded.

What msgspec has no type for is left to `finish`, which looks at whole columns. Both may
reject a valid value, and never accept an invalid one: marshmallow decides.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import ValidationError
from msgspec import Meta

from service.model.contract.edges import find_valid_range
from service.model.contract.features import Feature
from service.model.contract.schema import NO_NUL_AT_END, compile_field
from service.model.contract.strict_fields import EXACT_INTEGERS, read_whole
from service.model.contract.tensor_reader import TensorReader

Column = Sequence[Any]
Finish = Callable[[Column], Column | None]

# The integers that msgspec can compare with bounds.
LEAST, GREATEST = -(2**63), 2**63 - 1
MAX_DOUBLE = sys.float_info.max


@dataclass(frozen=True)
class ValueType:
    """The type of a feature's values.

    `finish` converts a column of them to what the pipeline takes, or returns None if it
    is not sure of a value. It is None if there is nothing to convert or check.
    """

    annotation: Any
    finish: Finish | None = None

    def accepts(self, value: Any) -> bool:
        """Return True if a value that orjson decoded is surely valid."""
        try:
            cell: Any = msgspec.convert((value,), self._cell)
        except msgspec.ValidationError:
            return False
        return self.finish is None or self.finish([cell.value]) is not None

    def read(self, values: Column) -> Column | None:
        """Return a column as a plan takes it, or None if it is not sure of a value."""
        try:
            column: Any = msgspec.convert((values,), self._column)
        except msgspec.ValidationError:
            return None
        return self.finish_all(column.values)

    def finish_all(self, column: Column) -> Column | None:
        """Convert the values of a column that are of the type."""
        if self.finish is None or (
            self.finish is convert_floats and float not in map(type, column)
        ):
            return column
        return self.finish(column)

    @cached_property
    def _cell(self) -> type[msgspec.Struct]:
        # msgspec prepares a struct once, and any other type at each conversion.
        return msgspec.defstruct("Cell", [("value", self.annotation)], array_like=True)

    @cached_property
    def _column(self) -> type[msgspec.Struct]:
        values = list[self.annotation]  # type: ignore[name-defined]
        return msgspec.defstruct("Column", [("values", values)], array_like=True)


# The type of no value at all.
NOTHING = ValueType(Annotated[int, Meta(ge=1, le=0)])


def compile_type(feature: Feature, max_string_length: int) -> ValueType:
    """Compile the type of a feature's valid values."""
    if feature.type == "tensor":  # its elements are looked at all at once
        return ValueType(Any, TensorReader(feature).read_column)
    if feature.type in ("string", "boolean"):
        found = ValueType(_annotate_text(feature, max_string_length))
    elif feature.is_date:
        found = ValueType(str, _compile_deserializer(feature))
    elif feature.categories is not None:
        found = _compile_categories(feature)
    else:
        found = _compile_range(feature)
    return (
        replace(found, annotation=found.annotation | None)
        if feature.nullable
        else found
    )


def convert_floats(column: Column) -> Column | None:
    """Return a column with 30.0 as the integer 30, or None if a number has a fraction.

    pandas writes integers so if their column holds nulls.
    """
    try:
        return [read_whole(v) if type(v) is float else v for v in column]
    except ValueError:
        return None


def _annotate_text(feature: Feature, max_string_length: int) -> Any:
    if feature.categories is not None:
        return Literal[feature.categories]
    if feature.type == "boolean":
        return bool
    pattern = NO_NUL_AT_END if feature.storage.dtype == "U" else None
    return Annotated[str, Meta(max_length=max_string_length, pattern=pattern)]


def _compile_categories(feature: Feature) -> ValueType:
    """Compile the type of numbers from a closed set, for which msgspec has no type."""
    deserialize = _compile_deserializer(feature)
    valid = [c for c in feature.categories or () if deserialize([c])]
    known = frozenset([None, *valid])

    def check(column: Column) -> Column | None:
        if not known.issuperset(column):
            return None
        return column if feature.type == "number" else convert_floats(column)

    integers = Annotated[int, Meta(ge=LEAST, le=GREATEST)]
    return ValueType(float if feature.type == "number" else integers | float, check)


def _compile_range(feature: Feature) -> ValueType:
    """Compile the type of numbers between bounds that msgspec compares exactly."""
    low, high = find_valid_range(feature)
    if feature.type == "number":
        # Beyond 2**53, an integer may lie between two doubles.
        if all(type(b) is not int or abs(b) <= EXACT_INTEGERS for b in (low, high)):
            # An infinity is no number of JSON, and may come in an array.
            least = -MAX_DOUBLE if low is None else low
            greatest = MAX_DOUBLE if high is None else high
            return ValueType(Annotated[float, Meta(ge=least, le=greatest)])
        return ValueType(float, _compile_deserializer(feature))
    low, high = max(math.ceil(low), LEAST), min(math.floor(high), GREATEST)
    if low > high:
        return NOTHING
    whole = Meta(ge=max(low, -EXACT_INTEGERS), le=min(high, EXACT_INTEGERS))
    integers = Annotated[int, Meta(ge=low, le=high)] | Annotated[float, whole]
    return ValueType(integers, convert_floats)


def _compile_deserializer(feature: Feature) -> Finish:
    """Compile what asks marshmallow about each value of a column."""
    field = compile_field(feature)

    def deserialize(column: Column) -> Column | None:
        try:
            return [*map(field.deserialize, column)]
        except ValidationError:
            return None

    return deserialize
