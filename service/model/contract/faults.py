"""What is wrong with a request, in marshmallow's words, up to the number reported.

marshmallow takes from 30 to 100 microseconds an instance. So the fast path finds the
wrong instances, by bisection, and their wrong values, and marshmallow is asked about
those alone, one at a time, until enough faults are found.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError, missing

from service.model.contract.fast_path import Columns, RowReader
from service.model.contract.features import Contract
from service.model.contract.mapping_rows import NO_OBJECT, MappingColumns
from service.model.contract.positional_rows import describe_row
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import NO_FEATURE, REQUIRED, UNEXPECTED
from service.model.contract.value_types import ValueType
from service.model.contract.violations import Violation

# The length at which a field name from a request is cut before it is repeated.
MAX_NAME = 64

# Labels of faults that concern no feature: a caller can invent any number of names.
BODY = "(body)"
UNKNOWN = "(unknown)"

INSTANCES = "instances"

# Bisecting a piece costs as much as reading it twice; a piece of few rows costs as much
# as thirty.
ROWS_OF_PIECE = 64


class Fault(NamedTuple):
    """A violation, its place, and the field under which it is counted."""

    field: str
    path: str
    violation: Violation


class FaultFinder:
    """Finds the faults of a request, in order and lazily."""

    def __init__(
        self,
        contract: Contract,
        schema: Schema,
        types: Sequence[ValueType],
        limits: RequestLimits,
    ) -> None:
        instances: Any = schema.load_fields[INSTANCES]
        self._instances = instances
        self._is_open = contract.table == "mapping"
        self._has_tensors = contract.table == "tensors"
        if self._is_open:
            self._reader: RowReader | MappingColumns = MappingColumns(limits)
            return
        self._reader = RowReader(contract, types)
        self._no_row = describe_row(contract)
        self._is_ignoring = contract.unknown_fields == "ignore"
        names = [feature.name for feature in contract.features]
        fields = instances.inner.schema.load_fields.values()
        self._fields = [*zip(names, fields, types, strict=True)]
        self._names = frozenset(names)

    def find(self, document: Any, parts: list[Columns]) -> Iterator[Fault]:
        """Yield the faults of a document; append the columns of valid rows to `parts`.

        Where there is no fault, these are all rows.
        """
        if not isinstance(document, dict):
            yield Fault(BODY, "body", NO_OBJECT)
            return
        rows = document.get(INSTANCES, missing)
        if isinstance(rows, list) and rows:
            # Reading tensors takes so long that each is read once more than all of them
            # were when they were decoded, and no oftener.
            size = 1 if self._has_tensors else ROWS_OF_PIECE
            for start in range(0, len(rows), size):
                piece = rows[start : start + size]
                yield from self._find_in_rows(piece, start, parts)
        else:
            for violation in find_violations(self._instances, rows):
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
        elif len(rows) == 1 and self._is_open:
            yield from self._find_in_open_row(rows[0], f"{INSTANCES}[{start}]")
        elif len(rows) == 1:
            yield from self._find_in_row(rows[0], f"{INSTANCES}[{start}]", parts)
        else:
            size = len(rows) // 2 + len(rows) % 2
            for index in range(0, len(rows), size):
                piece = rows[index : index + size]
                yield from self._find_in_rows(piece, start + index, parts)

    def _find_in_open_row(self, row: Any, path: str) -> Iterator[Fault]:
        try:
            self._instances.inner.deserialize(row)
        except ValidationError as error:
            if isinstance(error.messages, list):
                for violation in error.messages:
                    yield Fault(BODY, path, violation)
                return
            for name, violations in error.messages.items():
                for violation in violations:
                    yield Fault(UNKNOWN, f"{path}.{name[:MAX_NAME]}", violation)

    def _find_in_row(
        self, row: Any, path: str, parts: list[Columns]
    ) -> Iterator[Fault]:
        """Ask marshmallow about the values that the fast path does not accept."""
        if not isinstance(row, dict):
            yield Fault(BODY, path, self._no_row)
            return
        is_valid = True
        for name, field, type_ in self._fields:
            value = row.get(name, missing)
            if value is missing and field.required:
                violations = [REQUIRED]
            elif type_.accepts(value):
                continue
            else:
                violations = find_violations(field, value)
            for violation in violations:
                is_valid = False
                yield Fault(name, f"{path}.{name}{violation.place}", violation)
        for key in () if self._is_ignoring else row:
            if key not in self._names:
                is_valid = False
                yield Fault(UNKNOWN, f"{path}.{key[:MAX_NAME]}", NO_FEATURE)
        if is_valid:
            values = (
                f.deserialize(row.get(name, missing)) for name, f, _ in self._fields
            )
            parts.append(tuple([value] for value in values))


def find_violations(field: Any, value: Any) -> list[Violation]:
    """Return marshmallow's messages about a value, none if it is valid."""
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
