"""Ranges of a feature's values, and the values at their edges."""

import contextlib
import sys
from typing import Any

import numpy as np
import pandas as pd

from service.model.contract.features import Bound, Feature
from service.model.contract.timestamps import read_timestamp

# The least and the greatest value of a feature, None where there is no bound.
Range = tuple[Any, Any]

# A category that no training table holds.
UNSEEN = "a category unseen in training"

# The smallest magnitude tried: a ratio with it as the divisor must not overflow.
TINY = 1e-300

# The widest dates: those a four-digit year can name, those that nanoseconds reach.
FAR_DATES = (
    ("0001-01-02T00:00:00", "1700-01-01T00:00:00"),
    ("9999-12-30T00:00:00", "2250-01-01T00:00:00"),
)


def find_valid_range(feature: Feature) -> Range:
    """Return the declared bounds, or else those of what the column's dtype holds."""
    low, high = _read_bounds(feature, feature.minimum, feature.maximum)
    if feature.type in ("integer", "number") and feature.categories is None:
        least, greatest = read_dtype_range(feature)
        if greatest != sys.float_info.max:  # beyond it lies nothing but infinity
            low = least if low is None else low
            high = greatest if high is None else high
    return low, high


def find_element_range(feature: Feature) -> Range:
    """Return the least and the greatest finite element that a tensor may hold."""
    dtype = np.dtype(feature.storage.dtype)
    if dtype.kind == "b":
        return False, True
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    kind = float if dtype.kind == "f" else int
    low, high = feature.minimum, feature.maximum
    return (
        kind(info.min) if low is None else low,
        kind(info.max) if high is None else high,
    )


def describe_range(bounds: Range) -> str:
    """Return what is said of a value out of a range."""
    low, high = bounds
    if high is None:
        return f"must be at least {low}"
    if low is None:
        return f"must be at most {high}"
    return f"must be between {low} and {high}"


def read_observed_range(feature: Feature) -> Range:
    """Return the least and the greatest value that training saw."""
    observed = feature.observed
    return _read_bounds(feature, observed.minimum, observed.maximum)


def _read_bounds(feature: Feature, *bounds: Bound) -> Range:
    if not feature.is_date:
        return bounds[0], bounds[1]
    dtype = feature.storage.dtype
    low, high = (b if b is None else read_timestamp(str(b), dtype) for b in bounds)
    return low, high


def read_dtype_range(feature: Feature) -> Range:
    """Return the least and the greatest finite value that a column's dtype holds."""
    storage = feature.storage
    if feature.is_date:
        low, high = read_far_dates(storage.dtype)
        return low[0], high[0]
    name = storage.dtype.lower()  # Int64, with room for nulls, holds what int64 does
    if feature.type == "integer":
        info = np.iinfo(name if name.startswith(("int", "uint")) else "int64")
        return int(info.min), int(info.max)
    widest = float(np.finfo(name if name.startswith("float") else "float64").max)
    return -widest, widest


def read_far_dates(dtype: str) -> tuple[list[pd.Timestamp], list[pd.Timestamp]]:
    """Return the far dates that a datetime64 dtype holds, on either side."""
    zone = "Z" if "," in dtype else ""
    sides: tuple[list[pd.Timestamp], list[pd.Timestamp]] = ([], [])
    for stamps, dates in zip(sides, FAR_DATES, strict=True):
        for date in dates:
            with contextlib.suppress(ValueError):  # out of range for this unit
                stamps.append(read_timestamp(date + zone, dtype))
    return sides


def nearest_to(value: float, limits: Range, feature: Feature) -> Any:
    """Return the value within limits that is nearest to one, in the feature's type."""
    wanted = int(value) if feature.type == "integer" else value
    return min(max(wanted, limits[0]), limits[1])
