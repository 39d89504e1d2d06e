"""Values that training did not see, which are answered with a warning."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from service.model.contract.edges import find_valid_range, read_observed_range
from service.model.contract.features import Feature
from service.model.contract.plain_values import to_json
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
        self._low, self._high = read_observed_range(feature)
        self._is_categorical = observed.categories is not None
        known_nulls = (None,) if observed.nulls else ()
        self._known = frozenset([*known_nulls, *(observed.categories or ())])

    def find(self, values: Sequence[Any]) -> Iterator[tuple[int, Novelty]]:
        """Yield the index of each such value, and what is new about it."""
        if self._is_known(values):
            return
        for index, value in enumerate(values):
            if value in self._known:
                continue
            if value is None:
                yield index, "null"
            elif self._is_categorical:
                yield index, "unseen"
            elif self._low is not None and not self._low <= value <= self._high:
                yield index, "out_of_range"

    def _is_known(self, values: Sequence[Any]) -> bool:
        """Return True if nothing is new, as a few passes of C can tell."""
        if self._is_categorical:
            return self._known.issuperset(values)
        if None in values:
            return False
        is_within = self._low is None or (
            self._low <= min(values) and max(values) <= self._high
        )
        return bool(is_within)


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
        rules["minimum"] = to_json(
            least if low is None else max(low, least), feature.type
        )
        rules["maximum"] = to_json(
            most if high is None else min(high, most), feature.type
        )
    known = msgspec.structs.replace(feature, **rules)
    return compile_type(known, max_string_length)
