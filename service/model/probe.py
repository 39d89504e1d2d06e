"""What a fitted pipeline takes, learnt by asking it.

A column takes a null, an unseen category or a huge number only if the pipeline answers
when given one: in every row, and in one row among others. So what the contract lets in
does not make the pipeline raise.
"""

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from service.model import tables
from service.model.contract import Contract, Feature
from service.model.observation import read_columns
from service.model.reference import Reference

# A category that no training table holds.
UNSEEN = "a category unseen in training"

# The magnitudes asked for, widest first: the largest double, the largest float32
# (trees compare in it), then powers of ten whose squares and sums stay finite.
MAGNITUDES = (1.7976931348623157e308, 3.4028234663852886e38, 1e18, 1e12, 1e9, 1e6)

# The smallest magnitude asked for: a ratio with it below must not overflow either.
TINY = 1e-300

# Rows of the training table that a value is set into.
PROBED_ROWS = 3

# The dates asked for: those a four-digit year can name, those that nanoseconds reach.
FAR_DATES = (
    ("0001-01-02T00:00:00", "1700-01-01T00:00:00"),
    ("9999-12-30T00:00:00", "2250-01-01T00:00:00"),
)

Bounds = tuple[Any, Any]


class Probe:
    """A few training rows, those with the fewest nulls, into which values are set."""

    def __init__(self, reference: Reference, contract: Contract, X: Any) -> None:
        self.reference = reference
        self.contract = contract
        nulls = np.asarray(pd.isna(X)).sum(axis=1)
        rows = np.argsort(nulls, kind="stable")[:PROBED_ROWS]
        self.base = read_columns(X, rows.tolist())

    def takes(self, index: int, value: Any) -> bool:
        """Say whether the pipeline answers when column `index` holds the value."""
        everywhere, once = list(self.base), list(self.base)
        everywhere[index] = [value] * len(self.base[index])
        once[index] = [value, *self.base[index][1:]]
        return self.answers(everywhere) and self.answers(once)

    def answers(self, columns: Sequence[Sequence[Any]]) -> bool:
        """Say whether the pipeline answers these instances with finite numbers."""
        table = tables.build_table(self.contract, columns)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what it says of a probe concerns nobody
            try:
                self.reference.predict(table)
            except Exception:  # noqa: BLE001 - whether it raises, whatever, is asked
                return False
        return True

    def find_bounds(self, index: int) -> Bounds:
        """Return the widest bounds that are answered at, None for the dtype's own."""
        feature = self.contract.features[index]
        seen = (feature.observed.minimum, feature.observed.maximum)
        low, high = (
            next((rung for rung in rungs if self.takes(index, rung)), fallback)
            for rungs, fallback in zip(read_rungs(feature), seen, strict=True)
        )
        limits = read_limits(feature)
        return (None if low == limits[0] else low, None if high == limits[1] else high)

    def answers_extremes(self, bounds: Mapping[int, Bounds]) -> bool:
        """Say whether the pipeline answers when several columns are extreme at once.

        `bounds` has the limits of each quantity by column. Each is tried at its least
        and its greatest while the others are as near to nothing as they may be, and
        the other way round; and all are at their least, and at their greatest.
        """
        features = self.contract.features
        small = {i: nearest_to(TINY, b, features[i]) for i, b in bounds.items()}
        rows: list[dict[int, Any]] = [small]
        for side in (0, 1):
            extreme = {index: limits[side] for index, limits in bounds.items()}
            rows.append(extreme)
            for index in bounds:
                rows.append({**small, index: extreme[index]})
                rows.append({**extreme, index: small[index]})
        return self.answers(
            [
                [row.get(index, values[0]) for row in rows]
                for index, values in enumerate(self.base)
            ]
        )


def read_limits(feature: Feature) -> Bounds:
    """Return the least and the greatest value that the column's dtype holds."""
    if feature.type == "date-time":
        low, high = read_rungs(feature)
        return low[0], high[0]
    limits: Bounds = tables.read_limits(
        feature.storage, is_integer=feature.type == "integer"
    )
    return limits


def read_rungs(feature: Feature) -> tuple[list[Any], list[Any]]:
    """Return the values to ask for on either side, the widest first."""
    if feature.type == "date-time":
        low, high = (_readable(dates, feature.storage.dtype) for dates in FAR_DATES)
        return low, high
    low, high = read_limits(feature)
    kind = int if feature.type == "integer" else float
    steps = [kind(m) for m in MAGNITUDES]
    return (
        [low, *(-step for step in steps if -step > low)],
        [high, *(step for step in steps if step < high)],
    )


def nearest_to(value: float, bounds: Bounds, feature: Feature) -> Any:
    """Return the value within bounds that is nearest to one, as the feature's type."""
    wanted = int(value) if feature.type == "integer" else value
    return min(max(wanted, bounds[0]), bounds[1])


def _readable(dates: Sequence[str], dtype: str) -> list[Any]:
    zone = "Z" if "," in dtype else ""
    stamps = []
    for date in dates:
        with contextlib.suppress(ValueError):  # out of range for this unit: no rung
            stamps.append(tables.fits_unit(date + zone, dtype))
    return stamps
