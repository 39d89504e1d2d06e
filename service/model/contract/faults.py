"""What is wrong with a request, in marshmallow's words, and no more than is named.

marshmallow takes from 30 to 100 microseconds an instance. So the fast path looks for
the wrong instances, by halves, and for their wrong values, and marshmallow is asked
about those alone, one after the other, until enough has been found.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from marshmallow import ValidationError, missing

from service.model.contract.fast_path import Columns, RowReader
from service.model.contract.features import Contract
from service.model.contract.schema import (
    NO_FEATURE,
    NO_OBJECT,
    REQUIRED,
    UNEXPECTED,
    RequestSchema,
)
from service.model.contract.value_types import ValueType
from service.model.contract.violations import Violation

# The length at which a field name out of a request is cut before it is repeated.
MAX_NAME = 64

# The fields of what concerns no feature, in counts: a caller may make up any number.
BODY = "(body)"
UNKNOWN = "(unknown)"

INSTANCES = "instances"

# To find a wrong row costs as much as to read its piece twice more; to read a small
# piece, as much as some thirty rows.
ROWS_OF_PIECE = 64


class Fault(NamedTuple):
    """A violation, its place, and the field under which it is counted."""

    field: str
    path: str
    violation: Violation


class FaultFinder:
    """Finds what is wrong with a request, in order, as far as anybody wants to know."""

    def __init__(
        self,
        contract: Contract,
        schema: RequestSchema,
        types: Sequence[ValueType],
    ) -> None:
        instances: Any = schema.load_fields[INSTANCES]
        self._instances = instances
        self._reader = RowReader(contract, types)
        self._is_ignoring = contract.unknown_fields == "ignore"
        by_feature = zip(
            instances.inner.schema.load_fields.values(), types, strict=True
        )
        names = [feature.name for feature in contract.features]
        self._fields = dict(zip(names, by_feature, strict=True))

    def find(self, document: Any, parts: list[Columns]) -> Iterator[Fault]:
        """Yield the faults of a document; add the columns of good rows to `parts`."""
        if not isinstance(document, dict):
            yield Fault(BODY, "body", NO_OBJECT)
            return
        rows = document.get(INSTANCES, missing)
        if isinstance(rows, list) and rows:
            for start in range(0, len(rows), ROWS_OF_PIECE):
                piece = rows[start : start + ROWS_OF_PIECE]
                yield from self._find_in_rows(piece, start, parts)
        else:
            for violation in _ask(self._instances, rows):
                yield Fault(BODY, INSTANCES, violation)
        for key in document:
            if key != INSTANCES:
                yield Fault(BODY, key[:MAX_NAME], UNEXPECTED)

    def _find_in_rows(
        self, rows: list[Any], start: int, parts: list[Columns]
    ) -> Iterator[Fault]:
        columns = self._reader.read(rows)
        if columns is not None:
            parts.append(columns)
        elif len(rows) == 1:
            yield from self._find_in_row(rows[0], f"{INSTANCES}[{start}]", parts)
        else:
            middle = len(rows) // 2
            yield from self._find_in_rows(rows[:middle], start, parts)
            yield from self._find_in_rows(rows[middle:], start + middle, parts)

    def _find_in_row(
        self, row: Any, path: str, parts: list[Columns]
    ) -> Iterator[Fault]:
        """Let marshmallow decide about values of which the fast path is not sure."""
        if not isinstance(row, dict):
            yield Fault(BODY, path, NO_OBJECT)
            return
        is_good = True
        for name, (field, type_) in self._fields.items():
            value = row.get(name, missing)
            if value is missing and field.required:
                violations = [REQUIRED]
            elif type_.accepts(value):
                continue
            else:
                violations = _ask(field, value)
            for violation in violations:
                is_good = False
                yield Fault(name, f"{path}.{name}", violation)
        for key in () if self._is_ignoring else row:
            if key not in self._fields:
                is_good = False
                yield Fault(UNKNOWN, f"{path}.{key[:MAX_NAME]}", NO_FEATURE)
        if is_good:
            parts.append(
                tuple(
                    [field.deserialize(row.get(name, missing))]
                    for name, (field, _) in self._fields.items()
                )
            )


def _ask(field: Any, value: Any) -> list[Violation]:
    """Return what marshmallow says against a value."""
    try:
        field.deserialize(value)
    except ValidationError as error:
        violations: Any = error.messages
        return list(violations)
    return []


def join_columns(parts: Sequence[Columns]) -> Columns:
    """Return the columns of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return tuple([*chain(*columns)] for columns in zip(*parts, strict=True))
