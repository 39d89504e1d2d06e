"""Arrow types that hold plain values otherwise: as those that hold them plainly."""

from contextlib import suppress
from typing import Any

from service.batch.arrow import compute, pa


def read_plainly(table: Any) -> Any:
    """Return a table without views, dates in milliseconds and runs: the same values.

    polars writes texts as views, which few functions of pyarrow take.
    """
    for index, field in enumerate(table.schema):
        wanted = _find_plain(field.type)
        if wanted != field.type:
            column = _cast(table.column(index), wanted)
            table = table.set_column(index, field.with_type(wanted), column)
    return table


def plain_schema(schema: Any) -> Any:
    """Return the schema of a table that is read plainly."""
    fields = [field.with_type(_find_plain(field.type)) for field in schema]
    return pa.schema(fields, schema.metadata)


def make_empty(schema: Any) -> Any:
    """Return a table without rows, of columns that may be of extension types."""
    columns = [pa.nulls(0, field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _find_plain(type_: Any) -> Any:
    types = pa.types
    if types.is_string_view(type_):
        return pa.string()
    if types.is_binary_view(type_):
        return pa.binary()
    if types.is_date64(type_):
        return pa.date32()
    if types.is_run_end_encoded(type_):
        return _find_plain(type_.value_type)
    if types.is_dictionary(type_):
        held = _find_plain(type_.value_type)
        coded = pa.dictionary(type_.index_type, held, type_.ordered)
        return held if types.is_decimal(held) else coded
    return type_


def _cast(column: Any, type_: Any) -> Any:
    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array(
            [compute.run_end_decode(chunk) for chunk in column.chunks],
            column.type.value_type,
        )
    return column.cast(type_)


def read_decimals(column: Any) -> Any:
    """Return integers, or the doubles that are nearest to decimals, as in training.

    By a cast alone one of a hundred is another double; of a text it is the nearest.
    """
    if column.type.scale <= 0:
        with suppress(pa.ArrowInvalid):  # beyond 64 bits
            return column.cast(pa.int64())
    return column.cast(pa.string()).cast(pa.float64())
