"""Rows and frames as values that JSON has.

Frames are known by their methods: none of their libraries is imported.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from model_service_client.errors import UnsendableValue

Columns = dict[str, list[Any]]

# pandas.NA and pandas.NaT, which compare as equal to nothing.
MISSING = {"NAType", "NaTType"}


class Rows:
    """Instances, by name or by position."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = [_read_row(row, number) for number, row in enumerate(rows)]
        self.count = len(self.rows)

    def cut(self, start: int, end: int) -> dict[str, Any]:
        """Return the body of a request for some of them."""
        return {"instances": self.rows[start:end]}


class Table:
    """Columns of one length."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.columns = {
            name: [
                read_value(value, str(name), row)
                for row, value in enumerate(_list_values(values, name))
            ]
            for name, values in columns.items()
        }
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"The columns differ in length: {sorted(lengths)}.")
        self.count = max(lengths, default=0)

    def cut(self, start: int, end: int) -> dict[str, Any]:
        """Return the body of a request for some of the rows."""
        return {"columns": {k: v[start:end] for k, v in self.columns.items()}}


def read_table(given: Any) -> Rows | Table:
    """Take rows, columns or a frame of pandas, polars or pyarrow."""
    if isinstance(given, Mapping):
        return Table(given)
    if hasattr(given, "to_pydict"):  # pyarrow
        return _read_frame(given.column_names, given.to_pydict())
    if hasattr(given, "to_dicts"):  # polars
        return _read_frame(given.columns, given.to_dict(as_series=False))
    if hasattr(given, "to_dict"):  # pandas
        _check_names(list(given.columns))
        return Table(given.to_dict(orient="list"))
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return Rows(given)
    raise TypeError(f"A {type(given).__name__} is neither rows nor a frame.")


def _read_frame(names: Sequence[Any], columns: Columns) -> Table:
    _check_names(list(names))
    return Table(columns)


def _check_names(names: list[Any]) -> None:
    if len(set(names)) < len(names):
        raise ValueError("Two columns of the frame have one name.")
    if not all(isinstance(name, str) for name in names):
        raise ValueError("The name of a column must be a string.")


def read_value(value: Any, column: str, row: int) -> Any:
    """Return a value as JSON has it. Raises UnsendableValue."""
    if value is None or type(value).__name__ in MISSING:
        return None
    if not isinstance(value, bool | int | float | str) or _is_numpy(value):
        value = _unbox(value, column, row)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise UnsendableValue(column, row, "an infinity has no form in JSON")
    return value


def _is_numpy(value: Any) -> bool:
    """Return True for a numpy.float64, which is a float, too."""
    return type(value).__module__ == "numpy"


def _unbox(value: Any, column: str, row: int) -> Any:
    plain = value.item() if _is_numpy(value) and hasattr(value, "item") else value
    if isinstance(plain, bool | int | float | str):
        return plain
    fault = f"a {type(value).__name__} is neither a number, a string nor a boolean"
    raise UnsendableValue(column, row, fault)


def _read_row(row: Any, number: int) -> Any:
    if isinstance(row, Mapping):
        _check_names(list(row))
        return {k: read_value(v, str(k), number) for k, v in row.items()}
    values = row.tolist() if hasattr(row, "tolist") else row
    if isinstance(values, list | tuple):
        return [read_value(v, str(place), number) for place, v in enumerate(values)]
    raise TypeError(f"Row {number} is a {type(row).__name__}, not a dict or a list.")


def _list_values(values: Any, name: object) -> list[Any]:
    if not isinstance(name, str):
        raise TypeError("The name of a column must be a string.")
    if hasattr(values, "tolist"):  # numpy, pandas
        values = values.tolist()
    elif hasattr(values, "to_list"):  # polars
        values = values.to_list()
    if not isinstance(values, list | tuple):
        kind = type(values).__name__
        raise TypeError(
            f"Column {name!r} is a {kind}, not a list: give one row as [row]."
        )
    return list(values)
