"""What is noticed and let through: values that training did not see."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from service.model.contract.features import Feature
from service.model.contract.tables import read_timestamp

# What is new about a value.
Notice = Literal["null", "unseen", "out_of_range"]


class NoveltyCheck:
    """Notices the values of one feature that training did not see."""

    def __init__(self, feature: Feature) -> None:
        observed = feature.observed
        self.minimum: Any = observed.minimum
        self.maximum: Any = observed.maximum
        if feature.type == "date-time" and observed.minimum is not None:
            self.minimum = read_timestamp(str(observed.minimum), feature.storage.dtype)
            self.maximum = read_timestamp(str(observed.maximum), feature.storage.dtype)
        self.messages: dict[Notice, str] = {
            "null": "is null, which was not observed in training",
            "unseen": "is a category that was not observed in training",
            "out_of_range": (
                "is outside the range observed in training,"
                f" {observed.minimum} to {observed.maximum}"
            ),
        }
        self.categories = (
            None if observed.categories is None else frozenset(observed.categories)
        )
        self.is_null_new = not observed.nulls
        self.quiet = frozenset(
            [*(observed.categories or ()), *([None] if observed.nulls else [])]
        )

    def notice(self, values: Sequence[Any]) -> Iterator[tuple[int, Notice]]:
        """Yield the index of each such value, and what is new about it."""
        if self._is_quiet(values):
            return
        for index, value in enumerate(values):
            if value is None:
                if self.is_null_new:
                    yield index, "null"
            elif self.categories is not None:
                if value not in self.categories:
                    yield index, "unseen"
            elif self.minimum is not None and not self.minimum <= value <= self.maximum:
                yield index, "out_of_range"

    def _is_quiet(self, values: Sequence[Any]) -> bool:
        """Say whether there is nothing to notice, in a few passes of C."""
        if self.categories is not None:
            return self.quiet.issuperset(values)
        if None in values:
            return False
        return self.minimum is None or bool(
            self.minimum <= min(values) and max(values) <= self.maximum
        )
