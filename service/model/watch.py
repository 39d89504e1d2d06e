"""What is noticed and let through: values that training did not see."""

from collections.abc import Iterator, Sequence
from typing import Any

from service.model.contract import Feature
from service.model.tables import read_timestamp


class Watch:
    """Notices the values of one feature that training did not see."""

    def __init__(self, feature: Feature) -> None:
        observed = feature.observed
        self.minimum: Any = observed.minimum
        self.maximum: Any = observed.maximum
        if feature.type == "date-time" and observed.minimum is not None:
            self.minimum = read_timestamp(str(observed.minimum), feature.storage.dtype)
            self.maximum = read_timestamp(str(observed.maximum), feature.storage.dtype)
        self.range_message = (
            "is outside the range observed in training,"
            f" {observed.minimum} to {observed.maximum}"
        )
        self.categories = (
            None if observed.categories is None else frozenset(observed.categories)
        )
        self.is_null_new = not observed.nulls
        self.quiet = frozenset(
            [*(observed.categories or ()), *([None] if observed.nulls else [])]
        )

    def notice(self, values: Sequence[Any]) -> Iterator[tuple[int, str]]:
        """Yield the index of each such value, and what to say of it."""
        if self._is_quiet(values):
            return
        for index, value in enumerate(values):
            if value is None:
                if self.is_null_new:
                    yield index, "is null, which was not observed in training"
            elif self.categories is not None:
                if value not in self.categories:
                    yield index, "is a category that was not observed in training"
            elif self.minimum is not None and not self.minimum <= value <= self.maximum:
                yield index, self.range_message

    def _is_quiet(self, values: Sequence[Any]) -> bool:
        """Say whether there is nothing to notice, in a few passes of C."""
        if self.categories is not None:
            return self.quiet.issuperset(values)
        if None in values:
            return False
        return self.minimum is None or bool(
            self.minimum <= min(values) and max(values) <= self.maximum
        )
