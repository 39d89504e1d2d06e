"""Predictions as an Arrow table, with what was noticed of each row.

The columns are those of an Arrow answer to POST /v1/predict. What stands there in the
metadata of the stream is a column here: a table may be divided, and its metadata lost.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.batch.arrow import pa
from service.model.contract.arrow_stream import write_array
from service.model.contract.flat_columns import flatten
from service.model.contract.instances import Predictions
from service.model.errors import DataFileError, Remark

WARNINGS = "warnings"
ROW, REASON = "row", "reason"

# What stands in a path between the number of a row and the name of a column.
BEFORE_NAME = ":"


def place_in_table(name: str, row: int | None = None) -> str:
    """Return the path of a value, or of a column, by which `group_remarks` goes."""
    return f"{'' if row is None else row}{BEFORE_NAME}{name}"


def group_remarks(remarks: tuple[Remark, ...]) -> dict[int, str]:
    """Return the remarks of each row as one text, without those of columns."""
    found: dict[int, str] = {}
    for remark in remarks:
        number, _, name = remark.path.partition(BEFORE_NAME)
        if number:
            row, told = int(number), f"{name} {remark.message}"
            found[row] = f"{found[row]}; {told}" if row in found else told
    return found


def write_answers(predictions: Predictions, warnings: Mapping[int, str]) -> Any:
    """Return predictions as a table, in their order."""
    pairs = [*flatten(predictions.to_arrays())]
    columns = {name: write_array(values) for name, values in pairs}
    columns[WARNINGS] = _spread(warnings, len(predictions))
    return pa.table(columns)


def _spread(texts: Mapping[int, str], count: int) -> Any:
    places, is_null = np.zeros(count, np.intp), np.ones(count, dtype=bool)
    rows = [*texts]
    places[rows], is_null[rows] = range(len(rows)), False
    held = pa.array([*texts.values()], pa.string())
    return held.take(pa.array(places, mask=is_null))


def write_rejected(reasons: Mapping[int, str]) -> Any:
    """Return rejected rows as a table, in their order."""
    rows = sorted(reasons)
    texts = pa.array([reasons[row] for row in rows], pa.string())
    return pa.table({ROW: pa.array(rows, pa.int64()), REASON: texts})


def join_tables(left: Any, right: Any) -> Any:
    """Return the columns of two tables side by side. Raises DataFileError."""
    names = [*left.column_names, *right.column_names]
    for name in right.column_names:
        if name in left.column_names:
            raise DataFileError(
                f"The column {name} cannot be kept: an answer has one of that name."
            )
    return pa.Table.from_arrays([*left.columns, *right.columns], names)
