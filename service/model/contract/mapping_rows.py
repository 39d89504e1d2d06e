"""Instances of any fields, as a DictVectorizer or a FeatureHasher takes them.

Each is text, a number or a boolean. How many there are, and how long, is bounded.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields

from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.contract.violations import Violation

NO_OBJECT = Violation("type", "must be an object")

# The type of each value in JSON; a null or a list is no feature of a hasher.
KINDS = frozenset([str, int, float, bool])


class MappingInstance(fields.Field[dict[str, Any]]):
    """An object of any fields, within limits."""

    default_error_messages = {
        "invalid": NO_OBJECT,
        "null": NO_OBJECT,
        "many": Violation("length", "must have at most {most} fields"),
    }

    def __init__(self, bounds: RequestLimits = UNBOUNDED) -> None:
        super().__init__(
            metadata={
                "maxProperties": bounds.max_fields,
                "additionalProperties": {
                    "type": ["string", "number", "boolean"],
                    "maxLength": bounds.max_string_length,
                },
            }
        )
        self._bounds = bounds

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        """Return the row as the one column of its contract."""
        if type(value) is not dict:
            raise self.make_error("invalid")
        if len(value) > self._bounds.max_fields:
            raise self.make_error("many", most=self._bounds.max_fields)
        faults = {
            name: [fault]
            for name, field in value.items()
            if (fault := _find_fault(name, field, self._bounds.max_string_length))
        }
        if faults:
            raise ValidationError(faults)
        return {"f0": value}


def _find_fault(name: str, value: Any, most: int) -> Violation | None:
    """Return what is wrong with a field, or None."""
    if value is None:
        return Violation("null", "must not be null")
    if type(value) not in KINDS:
        return Violation("type", "must be a string, a number or a boolean")
    if len(name) > most or (type(value) is str and len(value) > most):
        longer = f"must have at most {most} characters, and so must its name"
        return Violation("length", longer)
    return None


class MappingColumns:
    """Reads rows of any fields as one column, as RowReader does those of features."""

    def __init__(self, bounds: RequestLimits) -> None:
        self._bounds = bounds

    def read(self, rows: Any) -> tuple[Sequence[Any]] | None:
        """Return rows within the limits, or None."""
        if type(rows) is not list or not all(map(self._is_good, rows)):
            return None
        return (rows,)

    def _is_good(self, row: Any) -> bool:
        if type(row) is not dict or len(row) > self._bounds.max_fields:
            return False
        if not KINDS.issuperset(map(type, row.values())):
            return False
        texts = [*row, *(value for value in row.values() if type(value) is str)]
        return max(map(len, texts), default=0) <= self._bounds.max_string_length


def compose_row(rows: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a row of the most frequent fields, each with its most frequent value."""
    values: dict[str, Counter[Any]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, Counter())[value] += 1
    return {
        name: found.most_common(1)[0][0]
        for name, found in values.items()
        if 2 * found.total() > len(rows)
    }
