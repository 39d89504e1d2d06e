"""Requests by column: `{"columns": {"Age": [30, 41], ...}}`, a list for each feature.

A name stands there once, where rows repeat it: a fifth of the time to decode. What is
wrong is found column by column, and named by its place in one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from marshmallow import Schema, missing

from service.model.contract.array_columns import ArrayColumn
from service.model.contract.fast_path import Columns
from service.model.contract.faults import (
    BODY,
    INSTANCES,
    MAX_NAME,
    UNKNOWN,
    Fault,
    find_violations,
)
from service.model.contract.features import Contract
from service.model.contract.schema import NO_FEATURE, NO_LIST, REQUIRED, UNEXPECTED
from service.model.contract.strict_json import has_no_more_keys
from service.model.contract.value_types import Column, ValueType
from service.model.contract.violations import Violation

COLUMNS = "columns"

NO_COLUMNS = Violation("type", "must be an object with a list for each feature")
NO_ROWS = Violation("empty", "must not be empty")

# What is wrong in a column is looked for in pieces of it, and then value by value.
VALUES_OF_PIECE = 64

# The path of a column in a request, or of one of its values.
Place = Callable[[str, int | None], str]


def place_in_column(name: str, index: int | None = None) -> str:
    return f"{COLUMNS}.{name}" if index is None else f"{COLUMNS}.{name}[{index}]"


def list_rows(columns: Any) -> list[Any]:
    """Return columns, of which some may be groups, as rows; and rows as they are."""
    if isinstance(columns, list):
        return columns
    values = map(list_rows, columns.values())
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def count_rows(columns: Any, names: Iterable[str]) -> int:
    """Return the length of the longest column of those names."""
    if not isinstance(columns, dict):
        return 0
    values = map(columns.get, names)
    held = (list, ArrayColumn)
    return max((len(each) for each in values if isinstance(each, held)), default=0)


class ColumnsReader:
    """Reads requests that have every column once, equally long, and nothing else."""

    def __init__(self, contract: Contract, types: Sequence[ValueType]) -> None:
        self._types = types
        fields: Any = [(f"f{i}", list[each.annotation]) for i, each in enumerate(types)]  # type: ignore[name-defined]
        names = {f"f{i}": each.name for i, each in enumerate(contract.features)}
        options: Any = {"forbid_unknown_fields": True, "gc": False}
        columns = msgspec.defstruct("Columns", fields, rename=names, **options)
        request = msgspec.defstruct("Request", [(COLUMNS, columns)], **options)
        self._columns: Any = columns
        self._decode: Any = msgspec.json.Decoder(request).decode

    def convert(self, values: Mapping[str, Any]) -> Columns | None:
        """Return columns that are decoded already, or None."""
        try:
            columns = msgspec.convert(values, self._columns)
        except msgspec.ValidationError:
            return None
        return finish_columns(msgspec.structs.astuple(columns), self._types)

    def read(self, body: bytes) -> Columns | None:
        """Return the columns of a body, or None."""
        try:
            columns = msgspec.structs.astuple(self._decode(body).columns)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        # Of duplicate keys, msgspec keeps the last.
        if not has_no_more_keys(body, 1 + len(columns)):
            return None
        return finish_columns(columns, self._types)


def finish_columns(
    columns: Sequence[Column], types: Sequence[ValueType]
) -> Columns | None:
    """Return columns of the right types as a plan takes them, or None."""
    if len(set(map(len, columns))) != 1 or not columns[0]:
        return None
    finished: list[Column] = []
    for each, column in zip(types, columns, strict=True):
        found = each.finish_all(column)
        if found is None:
            return None
        finished.append(found)
    return tuple(finished)


class ColumnFaultFinder:
    """Finds the faults of columns, one after the other and lazily."""

    def __init__(
        self, contract: Contract, schema: Schema, types: Sequence[ValueType]
    ) -> None:
        instances: Any = schema.load_fields[INSTANCES]
        fields = instances.inner.schema.load_fields.values()
        names = [feature.name for feature in contract.features]
        self._fields = [*zip(names, fields, types, strict=True)]
        self._names = frozenset(names)
        self._is_ignoring = contract.unknown_fields == "ignore"

    def find(
        self, document: dict[str, Any], parts: list[Column], place: Place
    ) -> Iterator[Fault]:
        """Yield the faults of a document by column; append valid columns to `parts`.

        Where there is no fault, these are all columns, in the contract's order.
        """
        columns = document[COLUMNS]
        if isinstance(columns, dict):
            yield from self._find_in_columns(columns, parts, place)
        else:
            yield Fault(BODY, COLUMNS, NO_COLUMNS)
        for key in document:
            if key != COLUMNS:
                yield Fault(BODY, key[:MAX_NAME], UNEXPECTED)

    def _find_in_columns(
        self, columns: dict[str, Any], parts: list[Column], place: Place
    ) -> Iterator[Fault]:
        count = count_rows(columns, self._names)
        for name, field, type_ in self._fields:
            values = columns.get(name, missing)
            if values is missing and not field.required:
                parts.append([field.deserialize(missing)] * count)
            elif fault := _find_misfit(values, count):
                yield Fault(name, place(name, None), fault)
            else:
                column: list[Any] = []
                for index, violation in _check_values(field, type_, values, column):
                    yield Fault(name, place(name, index) + violation.place, violation)
                parts.append(column)
        for name in () if self._is_ignoring else columns:
            if name not in self._names:
                yield Fault(UNKNOWN, place(name[:MAX_NAME], None), NO_FEATURE)


def _find_misfit(values: Any, count: int) -> Violation | None:
    """Return what is wrong with a column as a whole."""
    if values is missing:
        return REQUIRED
    if not isinstance(values, list):
        return NO_LIST
    if not count:
        return NO_ROWS
    if len(values) != count:
        return Violation("length", f"must have {count} values, as others have")
    return None


def _check_values(
    field: Any, type_: ValueType, values: list[Any], column: list[Any]
) -> Iterator[tuple[int, Violation]]:
    """Yield what is wrong at which index, and add what is valid to `column`."""
    if (found := type_.read(values)) is not None:
        column.extend(found)
        return
    for start in range(0, len(values), VALUES_OF_PIECE):
        piece = values[start : start + VALUES_OF_PIECE]
        if (found := type_.read(piece)) is not None:
            column.extend(found)
            continue
        for index, value in enumerate(piece, start):
            if (single := type_.read([value])) is not None:
                column.extend(single)
            elif violations := find_violations(field, value):
                yield from ((index, violation) for violation in violations)
            else:
                column.append(field.deserialize(value))
