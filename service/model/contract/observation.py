"""The training table read: names, types, how columns lie, and what they held."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from msgspec.structs import replace

from service.model.contract.features import (
    Contract,
    Feature,
    FeatureType,
    NullMark,
    Observed,
    Scalar,
    Storage,
    is_text,
)
from service.model.errors import ContractError

# Arrays that do not index as plain ones do.
ODD_ARRAYS = (np.matrix, np.ma.MaskedArray)

# A column of strings with more different values than this is text, not categories.
MAX_OBSERVED_CATEGORIES = 256

PLAIN_TYPES: dict[type, FeatureType] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}


def observe_table(X: Any, names: Iterable[str] | None = None) -> Contract:
    """Return what a training table of n rows says of itself, with nothing enforced.

    `X` is a DataFrame, or a numpy array of shape (n, features) whose columns are called
    `names`, or x0, x1, ... Raises ContractError, naming the column.
    """
    if isinstance(X, pd.DataFrame):
        _check_names(list(X.columns))
        features = tuple(
            _observe_column(str(name), X.iloc[:, i]) for i, name in enumerate(X.columns)
        )
        return Contract(features=features)
    is_array = isinstance(X, np.ndarray) and not isinstance(X, ODD_ARRAYS)
    if not is_array or X.ndim != 2:
        raise ContractError(
            "The training table must be a pandas DataFrame or a numpy array of two"
            f" dimensions, not {type(X).__name__}."
        )
    names = _read_names(names, X.shape[1])
    _check_names(names)
    if len(names) != X.shape[1]:
        raise ContractError(f"{len(names)} names for {X.shape[1]} columns.")
    if X.dtype.kind not in "fiubOU":
        raise ContractError(f"A numpy array of {X.dtype} cannot be represented.")
    return Contract(
        features=tuple(
            _observe_array_column(str(name), X[:, i]) for i, name in enumerate(names)
        ),
        table="array",
        array_dtype="str" if X.dtype.kind == "U" else str(X.dtype),
    )


def _read_names(names: Any, count: int) -> list[Any]:
    if names is None:
        return [f"x{index}" for index in range(count)]
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ContractError("names= must list the names of the columns.")
    return list(names)


def _observe_array_column(name: str, column: np.ndarray) -> Feature:
    if column.dtype.kind != "U":
        return _observe_column(name, pd.Series(column.copy(), dtype=column.dtype))
    feature = _observe_column(name, pd.Series(column, dtype=object))
    return replace(feature, storage=Storage(dtype="U"))


def read_columns(X: Any, rows: Sequence[int]) -> tuple[list[Any], ...]:
    """Return the columns of some rows as plain values, a null as None."""
    part = X.iloc[list(rows)] if isinstance(X, pd.DataFrame) else X[list(rows)]
    if not isinstance(part, pd.DataFrame):
        part = pd.DataFrame({i: part[:, i] for i in range(part.shape[1])})
    return tuple(
        [to_plain(value) for value in part.iloc[:, i]] for i in range(part.shape[1])
    )


def read_distinct(X: Any, index: int) -> tuple[Scalar, ...]:
    """Return every different finite value of a column, sorted."""
    column = X.iloc[:, index] if isinstance(X, pd.DataFrame) else X[:, index]
    values = {to_plain(value) for value in column} - {None}
    finite = [v for v in values if not isinstance(v, float) or np.isfinite(v)]
    return tuple(to_json(value) for value in sorted(finite))


def to_plain(value: Any) -> Any:
    """Return a cell as str, bool, int, float, Timestamp, or None where it is null."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float | np.generic) and value != value:  # noqa: PLR0124
        return None
    return value.item() if isinstance(value, np.generic) else value


def to_json(value: Any) -> Scalar:
    """Return a plain value as it stands in JSON."""
    if isinstance(value, pd.Timestamp):
        return str(value.isoformat())
    scalar: Scalar = value
    return scalar


def _check_names(names: list[Any]) -> None:
    if not names:
        raise ContractError("The training table has no columns.")
    for name in names:
        if not isinstance(name, str):
            raise ContractError(f"The column {name!r} must be named by a string.")
        if not is_text(name):
            raise ContractError(f"The column {name!r} has a name that is no text.")
    twice = {name for name, count in Counter(names).items() if count > 1}
    for name in sorted(twice):
        raise ContractError(f"The column {name!r} occurs twice.")


def _observe_column(name: str, column: pd.Series) -> Feature:
    values = [to_plain(value) for value in column]
    present = [value for value in values if value is not None]
    kind = _read_type(name, column, present)
    storage = _read_storage(name, column)
    nulls = len(values) - len(present)
    return Feature(
        name=name,
        type=kind,
        storage=storage,
        observed=_observe_values(kind, storage, present, nulls),
    )


def _read_type(name: str, column: pd.Series, present: list[Any]) -> FeatureType:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        present = [to_plain(category) for category in dtype.categories]
    elif pd.api.types.is_datetime64_any_dtype(dtype):
        return "date-time"
    elif isinstance(dtype, pd.SparseDtype | pd.ArrowDtype):
        raise ContractError(
            f"The column {name!r} has the dtype {dtype}: make it dense."
        )
    elif pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    elif pd.api.types.is_integer_dtype(dtype):
        return "integer"
    elif pd.api.types.is_float_dtype(dtype):
        return "number"
    return _read_object_type(name, dtype, present)


def _read_object_type(name: str, dtype: Any, present: list[Any]) -> FeatureType:
    types = {type(value) for value in present}
    if types == {int, float}:
        if pd.api.types.is_object_dtype(dtype):
            raise ContractError(
                f"The column {name!r} ({dtype}) mixes integers with other numbers: fit"
                " the pipeline on one kind."
            )
        return "number"
    if types == {str} and not all(map(is_text, present)):
        raise ContractError(
            f"The column {name!r} holds half of a surrogate pair, which is no text."
        )
    if len(types) == 1 and (kind := PLAIN_TYPES.get(types.pop())):
        return kind
    held = ", ".join(sorted({type(value).__name__ for value in present})) or "nulls"
    raise ContractError(
        f"The column {name!r} ({dtype}) holds {held}: it must hold one of numbers,"
        " integers, strings, booleans or date-times."
    )


def _read_storage(name: str, column: pd.Series) -> Storage:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = tuple(to_plain(category) for category in dtype.categories)
        return Storage(
            dtype="category", categories=categories, ordered=bool(dtype.ordered)
        )
    if isinstance(dtype, pd.DatetimeTZDtype) and not _is_readable(dtype):
        raise ContractError(
            f"The column {name!r} has the dtype {dtype}, whose time zone cannot be read"
            " back from its name: convert it to UTC."
        )
    marks: list[NullMark] = ["NaN"]
    if pd.api.types.is_object_dtype(dtype):
        marks = sorted({_read_null(v) for v in column if to_plain(v) is None}) or marks
    if len(marks) > 1:
        raise ContractError(
            f"The column {name!r} holds nulls of several kinds, {' and '.join(marks)}:"
            " fit the pipeline on one kind."
        )
    return Storage(dtype=str(dtype), null=marks[0])


def _is_readable(dtype: pd.DatetimeTZDtype) -> bool:
    try:
        return bool(pd.api.types.pandas_dtype(str(dtype)) == dtype)
    except (TypeError, ValueError):
        return False


def _read_null(value: Any) -> NullMark:
    if value is None:
        return "None"
    if value is pd.NA:
        return "NA"
    return "NaT" if value is pd.NaT else "NaN"


def _observe_values(
    kind: FeatureType, storage: Storage, present: list[Any], nulls: int
) -> Observed:
    is_categorical = kind in ("string", "boolean") or storage.dtype == "category"
    if is_categorical:
        distinct = set(present)
        if len(distinct) > MAX_OBSERVED_CATEGORIES:
            return Observed(nulls=nulls)
        return Observed(nulls=nulls, categories=tuple(sorted(distinct)))
    finite = [v for v in present if not isinstance(v, float) or np.isfinite(v)]
    if not finite:
        return Observed(nulls=nulls)
    return Observed(
        nulls=nulls, minimum=to_json(min(finite)), maximum=to_json(max(finite))
    )
