"""The fields of a contract's types, which coerce nothing.

marshmallow's own turn "12" into 12 and 1.9 into 1.
"""

import contextlib
import math
import re
from typing import Any

import pandas as pd
from marshmallow import fields

from service.model.contract.tables import read_timestamp
from service.model.contract.violations import Violation

# Where a double still holds every integer: beyond, 2**53 + 1 is read as 2**53.
EXACT_INTEGERS = 2**53

DATE_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?"
OFFSET = r"(Z|[+-]\d\d:\d\d)"


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
    finer than the column's unit, or out of its range, is refused and never rounded.
    """

    default_error_messages = {
        "invalid": Violation("type", "must be a date-time such as {example}")
    }

    def __init__(self, dtype: str, metadata: dict[str, Any], **kwargs: Any) -> None:
        self.dtype = dtype
        is_zoned = "," in dtype
        pattern = DATE_TIME + (OFFSET if is_zoned else "")
        super().__init__(metadata={**metadata, "pattern": f"^{pattern}$"}, **kwargs)
        self.example = "2024-01-31T09:30:00" + ("Z" if is_zoned else "")
        self._is_date_time = re.compile(pattern, re.ASCII).fullmatch

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else str(value.isoformat())

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> pd.Timestamp:
        with contextlib.suppress(ValueError):
            if type(value) is str and self._is_date_time(value):
                return read_timestamp(value, self.dtype)
        raise self.make_error("invalid", example=self.example)
