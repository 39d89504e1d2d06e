"""What is noticed and let through: values that training did not see."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import pandas as pd

from service.model.contract.edges import find_valid_range, read_observed_range
from service.model.contract.features import Feature
from service.model.contract.value_types import NOTHING, ValueType, compile_type

# What is new about a value.
Novelty = Literal["null", "unseen", "out_of_range"]


class NoveltyCheck:
    """Finds the values of one feature that training did not see."""

    def __init__(self, feature: Feature) -> None:
        observed = feature.observed
        self.messages: dict[Novelty, str] = {
            "null": "is null, which was not observed in training",
            "unseen": "is a category that was not observed in training",
            "out_of_range": (
                "is outside the range observed in training,"
                f" {observed.minimum} to {observed.maximum}"
            ),
        }
        self._minimum, self._maximum = read_observed_range(feature)
        self._categories = (
            None if observed.categories is None else frozenset(observed.categories)
        )
        self._is_null_new = not observed.nulls
        known_nulls = [] if self._is_null_new else [None]
        self._known = frozenset([*(observed.categories or ()), *known_nulls])

    def find(self, values: Sequence[Any]) -> Iterator[tuple[int, Novelty]]:
        """Yield the index of each such value, and what is new about it."""
        for index, value in enumerate(values):
            if value is None:
                if self._is_null_new:
                    yield index, "null"
            elif self._categories is not None:
                if value not in self._categories:
                    yield index, "unseen"
            elif self._minimum is not None and not (
                self._minimum <= value <= self._maximum
            ):
                yield index, "out_of_range"

    def is_known(self, values: Sequence[Any]) -> bool:
        """Return True if nothing is new, as a few passes of C can tell."""
        if self._categories is not None:
            return self._known.issuperset(values)
        if None in values:
            return False
        return self._minimum is None or bool(
            self._minimum <= min(values) and max(values) <= self._maximum
        )


def compile_known(feature: Feature, max_string_length: int) -> ValueType:
    """Compile the type of valid values that training saw."""
    observed = feature.observed
    is_nullable = feature.nullable and observed.nulls > 0
    rules: dict[str, Any] = {"nullable": is_nullable, "required": True}
    if observed.categories is not None:
        accepts = compile_type(feature, max_string_length).accepts
        rules["categories"] = tuple(filter(accepts, observed.categories))
        if not rules["categories"]:
            return NOTHING
    elif observed.minimum is not None:
        if feature.type in ("string", "boolean"):
            return NOTHING
        low, high = find_valid_range(feature)
        least, most = read_observed_range(feature)
        rules["minimum"] = _to_json(least if low is None else max(low, least))
        rules["maximum"] = _to_json(most if high is None else min(high, most))
    known = msgspec.structs.replace(feature, **rules)
    return compile_type(known, max_string_length)


def _to_json(bound: Any) -> Any:
    return bound.isoformat() if isinstance(bound, pd.Timestamp) else bound
