"""The values that a feature takes as a msgspec type, checked in C while they are read.

What msgspec has no type for is left to a finish, which looks at columns. Both may
refuse what is valid, and never accept what is not: marshmallow decides.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import ValidationError, fields
from msgspec import Meta

from service.model.contract.edges import find_valid_range
from service.model.contract.features import Feature
from service.model.contract.schema import NO_NUL_AT_END, compile_field
from service.model.contract.strict_fields import EXACT_INTEGERS, read_whole

Column = Sequence[Any]
Finish = Callable[[Column], Column | None]

# The integers that msgspec compares with: of greater ones it is not sure.
LEAST, GREATEST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class ValueType:
    """The type of a feature's values.

    `finish` takes a column of them, and returns it as the pipeline takes it, or None
    where it is not sure of a value. It is None where nothing is left to do.
    """

    annotation: Any
    finish: Finish | None = None

    def accepts(self, value: Any) -> bool:
        """Return True if a value, as JSON has it, is surely of the type."""
        try:
            cell: Any = msgspec.convert((value,), self._cell)
        except msgspec.ValidationError:
            return False
        return self.finish is None or self.finish([cell.value]) is not None

    @cached_property
    def _cell(self) -> type[msgspec.Struct]:
        # msgspec prepares a struct once, and other types at each conversion.
        return msgspec.defstruct("Cell", [("value", self.annotation)], array_like=True)


# The type of no value at all.
NOTHING = ValueType(Annotated[int, Meta(ge=1, le=0)])


def compile_type(feature: Feature, max_string_length: int) -> ValueType:
    """Compile the type of what is valid."""
    if feature.type == "date-time":
        plain = ValueType(str, _compile_asking(compile_field(feature)))
    elif feature.type in ("string", "boolean"):
        plain = ValueType(_annotate_text(feature, max_string_length))
    elif feature.categories is not None:
        plain = _compile_categories(feature)
    else:
        plain = _compile_range(feature)
    return (
        ValueType(plain.annotation | None, plain.finish) if feature.nullable else plain
    )


def convert_floats(column: Column) -> Column | None:
    """Return a column with 30.0 as the integer 30, or None where one has a fraction.

    So pandas writes integers where a column holds nulls.
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
    """Compile the type of numbers of which a few are allowed."""
    ask = _compile_asking(compile_field(feature))
    allowed = frozenset([None, *(c for c in feature.categories or () if ask([c]))])

    def check(column: Column) -> Column | None:
        if not allowed.issuperset(column):
            return None
        return column if feature.type == "number" else convert_floats(column)

    integers = Annotated[int, Meta(ge=LEAST, le=GREATEST)]
    return ValueType(float if feature.type == "number" else integers | float, check)


def _compile_range(feature: Feature) -> ValueType:
    """Compile the type of numbers between bounds that msgspec compares exactly."""
    low, high = find_valid_range(feature)
    if feature.type == "number":
        if all(map(_is_double, (low, high))):
            return ValueType(Annotated[float, Meta(ge=low, le=high)])
        return ValueType(float, _compile_asking(compile_field(feature)))
    low, high = max(math.ceil(low), LEAST), min(math.floor(high), GREATEST)
    if low > high:
        return NOTHING
    whole = Meta(ge=max(low, -EXACT_INTEGERS), le=min(high, EXACT_INTEGERS))
    integers = Annotated[int, Meta(ge=low, le=high)] | Annotated[float, whole]
    return ValueType(integers, convert_floats)


def _is_double(bound: Any) -> bool:
    try:
        return bound is None or float(bound) == bound
    except OverflowError:
        return False


def _compile_asking(field: fields.Field[Any]) -> Finish:
    def ask(column: Column) -> Column | None:
        try:
            return [*map(field.deserialize, column)]
        except ValidationError:
            return None

    return ask
