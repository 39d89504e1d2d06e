"""The training table as people have it, and as a request can be laid out.

A table of another library, or with columns that JSON has no values for, is converted to
pandas or numpy. It is served so only if the pipeline answers that as it answers the
original.
"""

import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from service.model.contract.tensor_observation import read_arrays
from service.model.errors import ContractError, describe_error
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline

LIBRARIES = ("polars", "pyarrow")

# Rows of a converted table whose answers are compared with those of the original.
COMPARED_ROWS = 10_000

# A wider sparse matrix comes from a vectoriser, which belongs into the pipeline.
MAX_DENSE_COLUMNS = 2048


def read_table(reference: FittedPipeline, X: Any) -> Any:
    """Return a training table as pandas or numpy, or a list or Series of texts.

    Arrays by name are copied only where they are not native, or not in C order.

    Raises ContractError, saying what to pass, where none is answered as the original.
    """
    _refuse_other_columns(reference.pipeline, X)
    table = convert_table(X)
    if table is not X and not isinstance(X, Mapping):
        _compare_answers(reference, X, table)
    return table


def convert_table(X: Any) -> Any:
    """Return a table of a kind that can be served, itself if it is one already."""
    if issparse(X):
        if X.shape[1] > MAX_DENSE_COLUMNS:
            raise ContractError(
                f"The training table is a sparse matrix of {X.shape[1]} columns: let"
                " what made it be the first step of the pipeline, and pass its input."
            )
        return X.toarray()
    if isinstance(X, list) and X and isinstance(X[0], list | tuple):
        return _stack_rows(X)
    if _is_foreign(X):
        return _convert_foreign(X)
    if isinstance(X, pd.Series) and _is_odd(X, X.dtype):
        return _convert_column(X)
    if isinstance(X, pd.DataFrame):
        odd = [i for i, dtype in enumerate(X.dtypes) if _is_odd(X.iloc[:, i], dtype)]
        return _convert_columns(X, odd) if odd else X
    return read_arrays(X) if isinstance(X, Mapping) else X


def _stack_rows(rows: Sequence[Any]) -> np.ndarray:
    """Return rows of values as an array."""
    if len(set(map(len, rows))) > 1:
        raise ContractError(
            "The training table is a list of lists that differ in length: pass texts"
            " whole, and let the first step of the pipeline split them."
        )
    is_numeric = all(isinstance(v, int | float | np.number) for r in rows for v in r)
    return np.array(rows, dtype=None if is_numeric else object)


def _is_foreign(X: Any) -> bool:
    return type(X).__module__.partition(".")[0] in LIBRARIES


def _convert_foreign(X: Any) -> Any:
    """Return a table or a column of polars or pyarrow as one of pandas."""
    if hasattr(X, "collect"):
        raise ContractError("The training table is lazy: pass X.collect().")
    if not hasattr(X, "columns"):
        return X.to_pylist() if hasattr(X, "to_pylist") else X.to_list()
    if not hasattr(X, "get_columns"):  # pyarrow, which its own pandas can take
        return convert_table(X.to_pandas())
    return pd.DataFrame({column.name: _convert_polars(column) for column in X})


def _convert_polars(column: Any) -> pd.Series:
    values = column.to_list()
    kind = str(column.dtype)
    if kind.startswith("Enum"):
        return pd.Series(pd.Categorical(values, column.dtype.categories.to_list()))
    if kind.startswith("Categorical"):
        return pd.Series(pd.Categorical(values))
    return _build_series(values)


def _is_odd(column: pd.Series, dtype: Any) -> bool:
    if isinstance(dtype, pd.ArrowDtype):
        return True
    is_object = pd.api.types.is_object_dtype(dtype)
    return is_object and any(isinstance(value, Decimal) for value in column)


def _convert_columns(X: pd.DataFrame, indices: Sequence[int]) -> pd.DataFrame:
    columns = [X.iloc[:, index] for index in range(X.shape[1])]
    for index in indices:
        columns[index] = _convert_column(columns[index])
    table = pd.concat(columns, axis=1)
    table.columns = X.columns
    return table


def _convert_column(column: pd.Series) -> pd.Series:
    values = column.astype(object).where(column.notna(), None).tolist()
    return _build_series(values).set_axis(column.index).rename(column.name)


def _build_series(values: list[Any]) -> pd.Series:
    """Return plain values as pandas infers their dtype; decimals as floats."""
    plain = [float(v) if isinstance(v, Decimal) else v for v in values]
    return pd.Series(plain, dtype=None if plain else object)


def _compare_answers(reference: FittedPipeline, X: Any, table: Any) -> None:
    """Raise ContractError where the pipeline answers a converted table otherwise."""
    kind = f"{type(X).__module__.partition('.')[0]} {type(X).__name__}"
    try:
        expected = _ask_silently(reference, X)
        found = _ask_silently(reference, table)
    except Exception as error:
        raise ContractError(
            f"The training table, a {kind}, is served as {type(table).__name__}, which"
            f" the pipeline does not answer ({describe_error(error)}): fit it on that."
        ) from error
    if not found.is_close_to(expected):
        raise ContractError(
            f"The training table, a {kind}, is answered otherwise than as"
            f" {type(table).__name__}, as it would be served: fit the pipeline on that."
        )


def _ask_silently(reference: FittedPipeline, X: Any) -> Outputs:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is served is asked for without this
        return reference.ask((X.tocsr() if issparse(X) else X)[:COMPARED_ROWS])


def _refuse_other_columns(pipeline: Any, X: Any) -> None:
    """Raise ContractError where a table has columns that the pipeline never saw."""
    if hasattr(X, "collect"):
        return
    known = getattr(pipeline, "feature_names_in_", None)
    columns = list(getattr(X, "column_names", getattr(X, "columns", [])))
    if known is not None and len(columns) > len(known):
        # LightGBM writes an underscore for a blank.
        names = {*known, *(n for n in columns if str(n).replace(" ", "_") in known)}
        extra = [name for name in columns if name not in names]
        if extra:
            raise ContractError(
                f"The training table has the column {extra[0]!r}, on which the pipeline"
                " was not fitted: pass the table without it, and the target as y."
            )
    count = getattr(pipeline, "n_features_in_", None)
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if known is None and count is not None and len(shape) == 2 and shape[1] > count:
        raise ContractError(
            f"The training table has {shape[1]} columns, and the pipeline was fitted on"
            f" {count}: pass the table without the target, and that as y."
        )
