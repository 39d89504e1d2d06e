"""The cells of a table as plain values, and these as they stand in JSON."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from service.model.contract.features import FeatureType, Scalar


def to_plain(value: Any) -> Any:
    """Return a cell as str, bool, int, float, Timestamp, or None where it is null.

    A datetime.date is the Timestamp of its midnight.
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float | np.generic) and value != value:  # noqa: PLR0124
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return pd.Timestamp(value).as_unit("s")
    return value.item() if isinstance(value, np.generic) else value


def list_plain(column: pd.Series) -> list[Any]:
    """Return the cells of a column as to_plain does; numbers of numpy all at once."""
    dtype = column.dtype
    if (
        not isinstance(dtype, np.dtype)
        or dtype.kind not in "fiub"
        or dtype.itemsize > 8
    ):
        return [to_plain(value) for value in column]
    values: list[Any] = column.to_numpy().tolist()
    if dtype.kind == "f" and column.hasnans:
        return [None if value != value else value for value in values]  # noqa: PLR0124
    return values


def to_json(value: Any, kind: FeatureType | None = None) -> Scalar:
    """Return a plain value of a feature's type as it stands in JSON."""
    if isinstance(value, pd.Timestamp):
        is_day = kind == "date" and value == value.normalize()
        return str(value.date().isoformat() if is_day else value.isoformat())
    scalar: Scalar = value
    return scalar


def drop_infinite(values: Iterable[Any]) -> list[Any]:
    """Return the values that are no infinity."""
    return [v for v in values if not isinstance(v, float) or np.isfinite(v)]
