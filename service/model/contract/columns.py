"""One column of a training table: its type, its storage, and what it held."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from service.model.contract.features import (
    Feature,
    FeatureType,
    NullMark,
    Observed,
    Storage,
    is_text,
)
from service.model.contract.plain_values import (
    drop_infinite,
    list_plain,
    to_json,
    to_plain,
)
from service.model.contract.texts import is_prose
from service.model.errors import ContractError

# A column of strings with more different values than this is text, not categories.
MAX_OBSERVED_CATEGORIES = 256

# By what pandas calls the values of a column, nulls aside.
TYPES: dict[str, FeatureType] = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "floating": "number",
    "datetime64": "date-time",
    "date": "date",
}


def observe_column(name: str, column: pd.Series) -> Feature:
    """Return the feature of a column. Raises ContractError, naming it."""
    values = list_plain(column)
    present = [value for value in values if value is not None]
    kind = _read_type(name, column, present)
    storage = _read_storage(name, column, kind)
    observed = _observe_values(kind, storage, present, len(values) - len(present))
    return Feature(name=str(name), type=kind, storage=storage, observed=observed)


def _read_type(name: str, column: pd.Series, present: list[Any]) -> FeatureType:
    dtype = column.dtype
    if isinstance(dtype, pd.SparseDtype | pd.ArrowDtype):
        raise ContractError(
            f"The column {name!r} has the dtype {dtype}: make it dense."
        )
    is_category = isinstance(dtype, pd.CategoricalDtype)
    held = pd.api.types.infer_dtype(dtype.categories if is_category else column)
    if held == "date" and any(map(_is_moment, column)):
        held = "date and datetime"
    texts = dtype.categories if is_category else present
    if held == "string" and not len(texts):
        held = "null"
    if held == "string" and not all(map(is_text, texts)):
        raise ContractError(
            f"The column {name!r} holds half of a surrogate pair, which is no text."
        )
    is_odd = (is_category and held.startswith("date")) or any(map(_is_long, present))
    if held not in TYPES or is_odd:
        held = "long double" if any(map(_is_long, present)) else held
        values = "nothing but nulls" if held in ("empty", "null") else f"{held} values"
        raise ContractError(
            f"The column {name!r} ({dtype}) holds {values}: let it hold one of numbers,"
            " integers, strings, booleans, dates or date-times, or leave it out, and"
            " fit the pipeline again."
        )
    if held == "datetime64" and _holds_days(dtype, present):
        return "date"
    return TYPES[held]


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value is not pd.NaT


def _is_long(value: Any) -> bool:
    """Return True for a number that is none of Python's floats, and none of JSON's."""
    return isinstance(value, np.longdouble)


def _holds_days(dtype: Any, present: list[pd.Timestamp]) -> bool:
    """Return True for whole days without a time zone, in which a day would begin."""
    is_zoned = isinstance(dtype, pd.DatetimeTZDtype)
    is_whole = all(moment == moment.normalize() for moment in present)
    return bool(present) and is_whole and not is_zoned


def _read_storage(name: str, column: pd.Series, kind: FeatureType) -> Storage:
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
    marks: set[NullMark] = {"NaN"}
    is_object = pd.api.types.is_object_dtype(dtype)
    if is_object:
        marks = {_read_null(v) for v in column if to_plain(v) is None} or marks
    if len(marks) > 1:
        raise ContractError(
            f"The column {name!r} holds nulls of several kinds,"
            f" {' and '.join(sorted(marks))}: fit the pipeline on one kind."
        )
    return Storage(
        dtype="date" if kind == "date" and is_object else str(dtype), null=marks.pop()
    )


def _is_readable(dtype: pd.DatetimeTZDtype) -> bool:
    try:
        return bool(pd.api.types.pandas_dtype(str(dtype)) == dtype)
    except (TypeError, ValueError):
        return False


def _read_null(value: Any) -> NullMark:
    names: dict[int, NullMark] = {id(None): "None", id(pd.NA): "NA", id(pd.NaT): "NaT"}
    return names.get(id(value), "NaN")


def _observe_values(
    kind: FeatureType, storage: Storage, present: list[Any], nulls: int
) -> Observed:
    if kind in ("string", "boolean") or storage.dtype == "category":
        distinct = set(present)
        is_text = len(distinct) > MAX_OBSERVED_CATEGORIES
        is_text |= kind == "string" and is_prose(present)
        categories = None if is_text else tuple(sorted(distinct))
        return Observed(nulls=nulls, categories=categories)
    if not (finite := drop_infinite(present)):
        return Observed(nulls=nulls)
    low, high = to_json(min(finite), kind), to_json(max(finite), kind)
    return Observed(nulls=nulls, minimum=low, maximum=high)
