"""Columns of an Arrow stream as arrays, and a table of answers as such a stream.

pyarrow need not be installed. Where it is, it is imported with the service, before its
workers are forked: they share its 32 MB.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from service.model.contract.array_columns import ArrayColumn, CodedColumn, NumberColumn
from service.model.contract.arrow_messages import check_messages
from service.model.contract.arrow_tensors import find_tensor_fault, read_tensors
from service.model.contract.column_form import place_in_column
from service.model.contract.features import Contract
from service.model.contract.request_limits import RequestLimits
from service.model.errors import (
    ContractViolationError,
    MalformedArrowError,
    ModelError,
    Remark,
)

try:
    import pyarrow as pa
    from pyarrow import ipc
except ModuleNotFoundError:  # the extra `arrow`
    pa = ipc = None

ARROW = "application/vnd.apache.arrow.stream"
NO_ARROW = (
    "This service takes no Arrow: it is installed without the extra `arrow`, which has"
    " pyarrow."
)


def has_arrow() -> bool:
    """Return True if Arrow streams can be read and written here."""
    return pa is not None


class ArrowReader:
    """Reads the columns of Arrow streams, for a contract."""

    def __init__(
        self,
        contract: Contract,
        max_rows: int,
        max_elements: int = RequestLimits.max_elements,
    ) -> None:
        self._names = {feature.name for feature in contract.features}
        has_tensors = contract.table == "tensors"
        self._tensors = {f.name: f for f in contract.features if has_tensors}
        self._max_elements = max_elements
        self._is_ignoring = contract.unknown_fields == "ignore"
        self._max_rows = max_rows

    def read(self, body: bytes) -> dict[str, Any]:
        """Return the columns of a stream: arrays, and nulls alone as a list.

        A date is ISO 8601 text, as in JSON. A column of no feature is left empty.
        Raises MalformedArrowError, TooManyInstancesError or ContractViolationError.
        """
        check_messages(body, self._max_rows)
        try:
            return self._read(body)
        except ModelError:
            raise
        except Exception:  # noqa: BLE001 - of any type, and its message may hold a value
            raise MalformedArrowError(
                "The body is no Arrow stream that can be read."
            ) from None

    def read_table(self, table: Any) -> dict[str, Any]:
        """Return the columns of a table of features alone. Raises as `read` does."""
        self._check_schema(table.schema)
        pairs = zip(table.column_names, table.columns, strict=True)
        return {name: self._read_column(name, column) for name, column in pairs}

    def _read_column(self, name: str, column: Any) -> Any:
        array = column.combine_chunks()
        if name in self._tensors:
            return read_tensors(array, self._max_elements)
        return read_array(array)

    def _read(self, body: bytes) -> dict[str, Any]:
        schema = ipc.read_schema(pa.py_buffer(body))
        self._check_schema(schema)
        columns: dict[str, Any] = {name: [] for name in schema.names}
        known = [i for i, name in enumerate(schema.names) if name in self._names]
        table = _read_table(body, known)
        for name, column in zip(table.column_names, table.columns, strict=True):
            columns[name] = self._read_column(name, column)
        return columns

    def _check_schema(self, schema: Any) -> None:
        """Raise what is wrong with the columns, before one of them is read."""
        if len(set(schema.names)) < len(schema.names):
            raise MalformedArrowError("Two columns of the Arrow stream have one name.")
        for field in schema:
            is_read = field.name in self._names
            if field.name in self._tensors:
                if told := find_tensor_fault(self._tensors[field.name], field.type):
                    raise _refuse(field.name, told)
            elif is_read or not self._is_ignoring:
                _check_type(field.name if is_read else "", field.type)


def _read_table(body: bytes, included: list[int]) -> Any:
    """Return the columns that are included, by their places, and no other."""
    if not included:  # which would be all
        return pa.table({})
    options = ipc.IpcReadOptions(
        use_threads=False, ensure_native_endian=False, included_fields=included
    )
    with ipc.open_stream(pa.py_buffer(body), options=options) as reader:
        batches = list(reader)
        schema = batches[0].schema if batches else pa.schema([])
    for batch in batches:
        batch.validate(full=True)  # without it, hostile bytes end the process
    return pa.Table.from_batches(batches, schema)


def _check_type(name: str, type_: Any) -> None:
    """Raise ContractViolationError for what has no values of a feature."""
    types = pa.types
    held = type_.value_type if types.is_dictionary(type_) else type_
    if any(
        is_type(held)
        for is_type in (
            *(types.is_integer, types.is_floating, types.is_boolean, types.is_null),
            *(types.is_string, types.is_large_string),
            *(types.is_date32, types.is_timestamp),
        )
    ):
        return
    told = "has an Arrow type that is not taken: see the documentation of requests"
    raise _refuse(name, told)


def _refuse(name: str, sentence: str) -> ContractViolationError:
    """Return the error about a column, without a name if it is of no feature."""
    place = place_in_column(name) if name else "columns"
    counts = Counter({(name or "(unknown)", "type"): 1})
    return ContractViolationError((Remark(place, sentence),), counts)


def read_array(array: Any) -> ArrayColumn | list[None]:
    """Return an array that was validated as a column."""
    types = pa.types
    if types.is_null(array.type):
        return [None] * len(array)
    is_coded = types.is_dictionary(array.type)
    held = array.type.value_type if is_coded else array.type
    if types.is_integer(held) or types.is_floating(held):
        return _read_numbers(array.dictionary_decode() if is_coded else array)
    return _read_codes(array if is_coded else array.dictionary_encode())


def _read_numbers(array: Any) -> NumberColumn:
    if pa.types.is_floating(array.type):
        found = array.to_numpy(zero_copy_only=False)  # a null is NaN
        return NumberColumn(found.astype(np.float64, copy=False))
    integers = array.fill_null(0).to_numpy(zero_copy_only=False)
    doubles = integers.astype(np.float64)
    if array.null_count:
        doubles[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return NumberColumn(doubles, integers=integers)


def _read_codes(array: Any) -> CodedColumn:
    """Return the codes of those kinds of a dictionary that occur.

    Values are never made of the dictionary: a long text that many rows share is held
    once.
    """
    null = len(array.dictionary)
    codes = array.indices.cast(pa.int64()).fill_null(null).to_numpy()
    used = np.flatnonzero(np.bincount(codes, minlength=null + 1))
    held = array.dictionary.take(pa.array(used[used < null]))
    is_date = pa.types.is_temporal(held.type)
    kinds = [*map(_write_date, held)] if is_date else held.to_pylist()
    kinds += [None] * (len(used) - len(kinds))
    places = np.zeros(null + 1, np.intp)
    places[used] = np.arange(len(used))
    return CodedColumn(places[codes], kinds)


def _write_date(moment: Any) -> str | None:
    """Return a moment as ISO 8601 text, and one of no calendar as none of a date."""
    try:
        found = moment.as_py()
    except Exception:  # noqa: BLE001 - beyond the year 9999, or of an unknown zone
        return "no date"
    return None if found is None else str(found.isoformat())


def write_stream(
    columns: Iterable[tuple[str, Sequence[Any]]], told: Mapping[str, str]
) -> bytes:
    """Return a table as an Arrow stream, whose schema has what is told beside it."""
    pairs = list(columns)
    table = pa.table({name: write_array(values) for name, values in pairs})
    table = table.replace_schema_metadata(dict(told))
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def write_array(values: Sequence[Any]) -> Any:
    """Return what predictions have in a column as an array."""
    if type(values) is NumberColumn:
        return pa.array(values.doubles)
    if type(values) is CodedColumn:
        return pa.array(values.kinds).take(pa.array(values.codes))
    return pa.array(values)
