"""The input of a predictor and its output.

They are msgspec structs, which are made in a sixth of the time of a frozen dataclass: a
request makes three.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from service.model.contract.novelty import Novelty
from service.model.errors import Remark

Item = TypeVar("Item")


class Instances(msgspec.Struct, frozen=True):
    """Valid instances, by column in the contract's order.

    A null is None; a date-time is a pandas Timestamp. `warnings` are about values that
    training did not see, and `novelties` counts these by feature and kind.
    """

    columns: tuple[Sequence[Any], ...]
    count: int
    warnings: tuple[Remark, ...] = ()
    novelties: Mapping[tuple[str, Novelty], int] = {}


class Predictions(msgspec.Struct, frozen=True):
    """The predictions, one for each instance, in order.

    `labels` for a classifier, with `probabilities` (a row for each instance, a column
    for each of `names`) where the pipeline has them; `values` (a row for each
    instance, a column for each of `names`) for a regressor.
    """

    names: tuple[str, ...]
    labels: list[str] | None = None
    probabilities: list[list[float]] | None = None
    values: list[list[float]] | None = None

    def __len__(self) -> int:
        """Return the number of instances."""
        return len((self.labels if self.values is None else self.values) or ())

    def slice(self, start: int, end: int) -> "Predictions":
        """Return the predictions for instances[start:end]."""
        return Predictions(
            self.names,
            self.labels and self.labels[start:end],
            self.probabilities and self.probabilities[start:end],
            self.values and self.values[start:end],
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Return the `predictions` of an answer."""
        if self.values is not None:
            if len(self.names) == 1:
                return [{"value": value} for [value] in self.values]
            return [{"values": row} for row in self._name(self.values)]
        labels = self.labels or []
        if self.probabilities is None:
            return [{"label": label} for label in labels]
        return [
            {"label": label, "probabilities": row}
            for label, row in zip(labels, self._name(self.probabilities), strict=True)
        ]

    def _name(self, rows: list[list[float]]) -> Iterable[dict[str, float]]:
        """Return rows of numbers by name."""
        names = self.names
        if len(names) == 2:  # the usual case, and three times as fast
            first, second = names
            return [{first: a, second: b} for a, b in rows]
        return [dict(zip(names, row, strict=True)) for row in rows]


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` of the items, evenly spaced, or all if there are fewer."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[place] for place in places]
