"""Instances laid out as the very table the pipeline was fitted on.

A served column has the dtype that the training column had, so that the pipeline
cannot tell a request from a slice of the training table. Where a null has no place in
that dtype, the column becomes what pandas would have made of it: integers float64,
booleans objects.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from service.model.contract.array_columns import ArrayColumn, NumberColumn
from service.model.contract.features import Contract, Feature, NullMark, Storage
from service.model.contract.tensor_columns import TensorColumn
from service.model.contract.timestamps import DAYS, read_dtype

NULLS: dict[NullMark, Any] = {"NaN": np.nan, "None": None, "NA": pd.NA, "NaT": pd.NaT}

# The dtypes of which a whole table is one array, a null as NaN.
FLOATS = {"float64", "float32"}


def build_table(contract: Contract, columns: Sequence[Sequence[Any]]) -> Any:
    """Return the DataFrame, the array, or the dict of arrays that the pipeline takes.

    `columns` holds a sequence for each feature, in order, a null as None.
    """
    if contract.table == "tensors":
        pairs = zip(contract.features, columns, strict=True)
        return {feature.name: _build_tensor(feature, each) for feature, each in pairs}
    dtypes = {feature.storage.dtype for feature in contract.features}
    is_floats = contract.table == "frame" and len(dtypes) == 1 and dtypes <= FLOATS
    columns = [_take_values(each, as_doubles=is_floats) for each in columns]
    if contract.table in ("text", "mapping"):
        return _build_one_column(contract, columns[0])
    if contract.table == "array":
        return _build_array(contract, columns)
    if is_floats:
        return _build_floats(contract, columns, dtypes.pop())
    return pd.DataFrame(
        {
            feature.label: _build_column(values, feature.storage)
            for feature, values in zip(contract.features, columns, strict=True)
        }
    )


def _build_tensor(feature: Feature, values: Sequence[Any]) -> np.ndarray:
    """Return an array (n, *shape) in C order."""
    if type(values) is TensorColumn:
        return np.ascontiguousarray(values.array)
    if not values:
        shape = [size or 0 for size in feature.shape or ()]
        return np.empty((0, *shape), feature.storage.dtype)
    return np.stack(values).astype(feature.storage.dtype, copy=False)


def _take_values(column: Sequence[Any], *, as_doubles: bool) -> Sequence[Any]:
    if as_doubles and type(column) is NumberColumn:
        return column.doubles  # type: ignore[return-value]
    return column.values if isinstance(column, ArrayColumn) else column


def _build_floats(
    contract: Contract, columns: Sequence[Sequence[Any]], dtype: str
) -> pd.DataFrame:
    """Return a frame of one block, which takes a row 20 microseconds and not 300.

    It lies in memory as pandas lays out the columns of a dict: BLAS sums in another
    order where it lies otherwise.
    """
    labels = _index_labels(tuple(feature.label for feature in contract.features))
    return pd.DataFrame(np.array(columns, dtype).T, columns=labels)


@lru_cache(maxsize=64)
def _index_labels(labels: tuple[str | int, ...]) -> pd.Index:
    return pd.Index(labels)


def _build_one_column(contract: Contract, values: Sequence[Any]) -> Any:
    [feature] = contract.features
    if contract.array_dtype is None:
        return pd.Series(_build_column(values, feature.storage), name=feature.name)
    if contract.array_dtype != "list":
        return _build_array(contract, [values])[:, 0]
    null = NULLS[feature.storage.null]
    return [null if value is None else value for value in values]


def _build_array(contract: Contract, columns: Sequence[Sequence[Any]]) -> Any:
    dtype = np.dtype(contract.array_dtype)
    has_null = any(None in values for values in columns)
    if dtype.kind == "U":  # as wide as its longest text: a fixed width would cut it
        if has_null:
            raise ValueError("An array of strings holds no null.")
        return np.array(list(zip(*columns, strict=True)), dtype=str)
    if has_null and dtype.kind != "f":
        dtype = np.dtype(np.float64 if dtype.kind in "iu" else object)
    # By columns, so that integers of 64 bits never pass through a float.
    table = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    for index, (feature, values) in enumerate(
        zip(contract.features, columns, strict=True)
    ):
        null = NULLS[feature.storage.null] if dtype.kind == "O" else np.nan
        table[:, index] = [null if value is None else value for value in values]
    return table


def _build_column(values: Sequence[Any], storage: Storage) -> Any:
    if storage.dtype == "category":
        return _build_categorical(values, storage)
    if storage.dtype == "object":
        return _build_objects(values, NULLS[storage.null])
    if storage.dtype == DAYS:
        days = [value if value is None else value.date() for value in values]
        return _build_objects(days, NULLS[storage.null])
    dtype = read_dtype(storage.dtype)
    if not isinstance(dtype, np.dtype) or dtype.kind == "M":  # these have nulls
        return pd.array(list(values), dtype=dtype)
    has_null = None in values
    if has_null and dtype.kind == "b":
        return _build_objects(values, NULLS[storage.null])
    if has_null:
        dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
        values = [np.nan if value is None else value for value in values]
    return np.array(values, dtype=dtype)


def _build_objects(values: Sequence[Any], null: Any) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = [null if value is None else value for value in values]
    return pd.Series(column, dtype=object)  # a frame would make strings of bare objects


def _build_categorical(values: Sequence[Any], storage: Storage) -> pd.Categorical:
    """Return a categorical in which an unseen value is a category of its own.

    pandas would make it a null, and the pipeline would answer for a missing value.
    """
    known = list(storage.categories or ())
    codes = {category: code for code, category in enumerate(known)}
    for value in values:
        if value is not None and value not in codes:
            codes[value] = len(codes)
    index = pd.Index(list(codes)) if codes else None
    return pd.Categorical.from_codes(
        [-1 if value is None else codes[value] for value in values],
        dtype=pd.CategoricalDtype(index, storage.ordered),
    )
