"""Two values of a feature, one answered and one not, moved towards each other."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from service.model.contract.edges import TINY, Range
from service.model.contract.features import Feature
from service.model.contract.timestamps import DAYS, read_timestamp

PRECISION = 1e-9

# A column, and 0 for its minimum or 1 for its maximum.
Side = tuple[int, int]


@dataclass
class Bracket:
    """The last value of a side that is known to be answered, and one that is not."""

    side: Side
    feature: Feature
    observed: Any
    good: Any
    bad: Any

    def find_middle(self) -> Any:
        """Return a value half way, or None where there is none left to ask for.

        Half way is by magnitude: between 1 and 1e18 it is near 1e9.
        """
        good, bad = self.good, self.bad
        if self.feature.is_date:
            return self._find_middle_date()
        scale = max(map(abs, read_observed(self.feature))) or 1.0
        first, last = math.asinh(good / scale), math.asinh(bad / scale)
        middle = scale * math.sinh((first + last) / 2)
        if self.feature.type == "integer":
            middle = round(middle)
        is_near = abs(first - last) < PRECISION or middle in (good, bad)
        return None if is_near else middle

    def _find_middle_date(self) -> pd.Timestamp | None:
        """Return a date half way, a whole day where there are no others."""
        good, bad = self.good, self.bad
        ends = int(good.timestamp()), int(bad.timestamp())
        date = pd.Timestamp(sum(ends) // 2, unit="s", tz=good.tz)
        if self.feature.storage.dtype == DAYS:
            date = date.normalize()
        is_near = abs(ends[0] - ends[1]) <= 1 or date in (good, bad)
        return None if is_near else date.as_unit(good.unit)

    def list_round(self) -> list[Any]:
        """Return numbers that a limit is likely to be, as that of log or arcsin is."""
        if self.feature.type != "number":
            return []
        return [math.copysign(TINY, self.good), 0.0, float(f"{self.good:.5g}")]

    def narrow(self, value: Any, *, is_answered: bool) -> None:
        """Move an end to a value, if that lies within."""
        if min(self.good, self.bad) < value < max(self.good, self.bad):
            if is_answered:
                self.good = value
            else:
                self.bad = value


def read_observed(feature: Feature) -> Range:
    """Return the least and the greatest observed value, as the table has it."""
    seen = (feature.observed.minimum, feature.observed.maximum)
    if not feature.is_date or None in seen:
        return seen
    low, high = (read_timestamp(str(text), feature.storage.dtype) for text in seen)
    return low, high
