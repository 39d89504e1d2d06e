"""Rows of a training table, whichever kind it is, taken and read as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from service.model.contract.features import Scalar
from service.model.contract.plain_values import (
    drop_infinite,
    list_plain,
    to_json,
    to_plain,
)
from service.model.contract.tensor_columns import TensorColumn


def is_one_column(X: Any) -> bool:
    """Return True for a list, a Series, or a numpy array of one dimension."""
    return isinstance(X, list | pd.Series) or getattr(X, "ndim", 0) == 1


def count_rows(X: Any) -> int:
    """Return the rows of a table; a sparse matrix has no length."""
    if isinstance(X, Mapping):
        X = next(iter(X.values()))
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def take_rows(X: Any, rows: Sequence[int]) -> Any:
    """Return some rows of a training table, as the kind of table that it is."""
    if isinstance(X, Mapping):
        return {name: array[list(rows)] for name, array in X.items()}
    if isinstance(X, list):
        return [X[row] for row in rows]
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def read_columns(X: Any, rows: Sequence[int]) -> tuple[Sequence[Any], ...]:
    """Return the columns of some rows as plain values or tensors, a null as None."""
    part = take_rows(X, list(rows))
    if isinstance(part, dict):
        return tuple(map(TensorColumn, part.values()))
    if is_one_column(X):
        return ([_to_plain_fields(value) for value in part],)
    return tuple(
        list_plain(_find_column(part, index)) for index in range(part.shape[1])
    )


def read_distinct(X: Any, index: int) -> tuple[Scalar, ...]:
    """Return every different finite value of a column, sorted."""
    values = set(list_plain(_find_column(X, index))) - {None}
    return tuple(to_json(value) for value in sorted(drop_infinite(values)))


def _find_column(X: Any, index: int) -> pd.Series:
    if is_one_column(X):
        return pd.Series(X)
    return X.iloc[:, index] if isinstance(X, pd.DataFrame) else pd.Series(X[:, index])


def _to_plain_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: to_plain(field) for name, field in value.items()}
    return to_plain(value)
