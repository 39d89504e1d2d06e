"""The fields of a contract's types, which coerce nothing.

marshmallow's own turn "12" into 12 and 1.9 into 1.
"""

import contextlib
import math
import re
from typing import Any

import pandas as pd
from marshmallow import ValidationError, fields

from service.model.contract.timestamps import DAYS, read_timestamp
from service.model.contract.violations import Violation

# Where a double still holds every integer: beyond, 2**53 + 1 is read as 2**53.
EXACT_INTEGERS = 2**53

DATE = r"\d{4}-\d\d-\d\d"
TIME = r"T\d\d:\d\d:\d\d(\.\d{1,9})?"
OFFSET = r"(Z|[+-]\d\d:\d\d)"

# The units of datetime64, each a thousandth of the one before.
UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}

# What a caller may have meant: of any precision, and with an offset or without.
ANY_DATE_TIME = re.compile(
    rf"{DATE}([T ]\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<offset>{OFFSET})?)?", re.ASCII
)


class StrictNumber(fields.Float):
    """Any JSON number whose nearest double is finite."""

    default_error_messages = {"invalid": Violation("type", "must be a number")}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
        raise self.make_error("invalid")


class StrictInteger(fields.Integer):
    """A JSON number without a fraction: 30 and 30.0, as JSON Schema has it."""

    default_error_messages = {"invalid": Violation("type", "must be an integer")}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is int:
            return value
        with contextlib.suppress(ValueError):
            if type(value) is float:
                return read_whole(value)
        raise self.make_error("invalid")


def read_whole(value: float) -> int:
    """Return a number without a fraction as an integer. Raises ValueError."""
    if not value.is_integer() or abs(value) >= EXACT_INTEGERS:
        raise ValueError("the number is no exact integer")
    return int(value)


class StrictBoolean(fields.Boolean):
    """JSON true or false."""

    default_error_messages = {"invalid": Violation("type", "must be true or false")}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if type(value) is bool:
            return value
        raise self.make_error("invalid")


class StrictString(fields.String):
    """A JSON string."""

    default_error_messages = {"invalid": Violation("type", "must be a string")}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if type(value) is str:
            return value
        raise self.make_error("invalid")


class StrictDateTime(fields.Field[pd.Timestamp]):
    """ISO 8601 text, to a Timestamp of the very dtype the pipeline was fitted on.

    With an offset where the column knew its time zone, without one where it did not;
    finer than the column's unit, or out of its range, is refused and never rounded. A
    column of whole days takes a date, and one of dtype datetime64 a time, too.
    """

    default_error_messages = {
        "invalid": Violation("type", "must be a {kind} such as {example}"),
        "offset": Violation(
            "type",
            "must have no offset, as in {example}: the model knows no time zone",
        ),
        "no_offset": Violation("type", "must have an offset, as in {example}"),
        "fine": Violation("type", "must be no finer than the model's {unit}"),
    }

    def __init__(
        self, dtype: str, metadata: dict[str, Any], *, takes_days: bool, **kwargs: Any
    ) -> None:
        self.dtype = dtype
        self.is_zoned = "," in dtype
        pattern = DATE + TIME + (OFFSET if self.is_zoned else "")
        if takes_days:
            pattern = DATE if dtype == DAYS else f"{DATE}({TIME})?"
        super().__init__(metadata={**metadata, "pattern": f"^{pattern}$"}, **kwargs)
        example = "2024-01-31T09:30:00" + ("Z" if self.is_zoned else "")
        self.kind = "date" if takes_days else "date-time"
        self.example = example[:10] if takes_days else example
        self._is_valid = re.compile(pattern, re.ASCII).fullmatch

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else str(value.isoformat())

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> pd.Timestamp:
        with contextlib.suppress(ValueError):
            if type(value) is str and self._is_valid(value):
                return read_timestamp(value, self.dtype)
        raise self._explain(value)

    def _explain(self, value: Any) -> ValidationError:
        """Return the error that says what is wrong with a value."""
        meant = ANY_DATE_TIME.fullmatch(value) if type(value) is str else None
        unit = UNITS.get(self.dtype.partition("[")[2][:2].rstrip(",]"), "")
        key = "invalid"
        if meant and meant["offset"] and not self.is_zoned:
            key = "offset"
        elif meant and not meant["offset"] and self.is_zoned:
            key = "no_offset"
        elif meant and unit and _is_finer(meant["fraction"] or "", unit):
            key = "fine"
        return self.make_error(key, kind=self.kind, example=self.example, unit=unit)


def _is_finer(fraction: str, unit: str) -> bool:
    """Return True if a fraction of a second, with its point, has digits too many."""
    digits = 3 * list(UNITS.values()).index(unit)
    return any(digit != "0" for digit in fraction[1 + digits :])
