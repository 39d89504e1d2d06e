"""Values that training did not see, which are answered with a warning."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from service.model.contract.array_columns import CodedColumn, NumberColumn
from service.model.contract.edges import find_valid_range, read_observed_range
from service.model.contract.features import Feature
from service.model.contract.plain_values import to_json
from service.model.contract.strict_fields import EXACT_INTEGERS
from service.model.contract.tensor_columns import TensorColumn
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
        if feature.type == "tensor":
            self.messages["out_of_range"] = (
                "has an element outside the range observed in training,"
                f" {observed.minimum} to {observed.maximum}"
            )
        self._low, self._high = read_observed_range(feature)
        self._is_integer = feature.type == "integer"
        self._is_categorical = observed.categories is not None
        known_nulls = (None,) if observed.nulls else ()
        self._known = frozenset([*known_nulls, *(observed.categories or ())])

    def find(self, values: Sequence[Any]) -> Iterator[tuple[int, Novelty]]:
        """Yield the index of each such value, and what is new about it."""
        if type(values) is TensorColumn:
            if self._low is not None:
                for index in values.find_outside(self._low, self._high):
                    yield index, "out_of_range"
            return
        if self._is_known(values):
            return
        if type(values) is CodedColumn:
            yield from self._find_codes(values)
            return
        if type(values) is NumberColumn and not self._is_categorical:
            yield from self._find_numbers(values)
            return
        for index, value in enumerate(values):
            if novelty := self._judge(value):
                yield index, novelty

    def _find_codes(self, column: CodedColumn) -> Iterator[tuple[int, Novelty]]:
        judged = [self._judge(kind) for kind in column.kinds]
        is_new = np.array([each is not None for each in judged])
        indices = np.flatnonzero(is_new[column.codes])
        for index, code in zip(
            indices.tolist(), column.codes[indices].tolist(), strict=True
        ):
            if novelty := judged[code]:
                yield index, novelty

    def _find_numbers(self, column: NumberColumn) -> Iterator[tuple[int, Novelty]]:
        """Judge the numbers that are null, or whose doubles are not surely known."""
        doubles = column.doubles
        known = ~np.isnan(doubles)
        if self._low is not None:
            known = (self._low <= doubles) & (doubles <= self._high)
        if self._is_integer:  # a double may be either of two integers
            known &= np.abs(doubles) < EXACT_INTEGERS
        for index in np.flatnonzero(~known).tolist():
            if novelty := self._judge(column[index]):
                yield index, novelty

    def _judge(self, value: Any) -> Novelty | None:
        if value in self._known:
            return None
        if value is None:
            return "null"
        if self._is_categorical:
            return "unseen"
        if self._low is not None and not self._low <= value <= self._high:
            return "out_of_range"
        return None

    def _is_known(self, values: Sequence[Any]) -> bool:
        """Return True if nothing is new, as a few passes of C can tell."""
        if type(values) is CodedColumn:
            return not any(map(self._judge, values.kinds))
        if type(values) is NumberColumn and not self._is_categorical:
            return self._knows_numbers(values)
        if self._is_categorical:
            return self._known.issuperset(values)
        if None in values:
            return False
        is_within = self._low is None or (
            self._low <= min(values) and max(values) <= self._high
        )
        return bool(is_within)

    def _knows_numbers(self, column: NumberColumn) -> bool:
        if column.has_null and None not in self._known:
            return False
        least, greatest = column.range
        if self._low is None or least is None or greatest is None:
            return True
        if self._is_integer and max(-least, greatest) >= EXACT_INTEGERS:
            return False  # a double may be either of two integers
        return bool(self._low <= least and greatest <= self._high)


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
