"""The input of a predictor and its output.

They are msgspec structs, which are made in a sixth of the time of a frozen dataclass: a
request makes three.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from service.model.contract.novelty import Novelty
from service.model.contract.prediction_form import PredictionForm
from service.model.errors import Remark

Item = TypeVar("Item")


class Instances(msgspec.Struct, frozen=True):
    """Valid instances, by column in the contract's order.

    A null is None; a date-time is a pandas Timestamp. `warnings` are about values that
    training did not see, and `novelties` counts these by feature and kind. `by_column`
    is True of a request that came, and is answered, by column.
    """

    columns: tuple[Sequence[Any], ...]
    count: int
    warnings: tuple[Remark, ...] = ()
    novelties: Mapping[tuple[str, Novelty], int] = {}
    by_column: bool = False


class Predictions(msgspec.Struct, frozen=True):
    """The predictions, one for each instance, in order.

    `labels` has a label for each instance, or one for each of its outputs; `numbers` a
    row for each instance. What they are called is up to the form. Of many instances
    they are a CodedColumn and a NumberTable, where the form allows.
    """

    form: PredictionForm
    labels: Sequence[Any] | None = None
    numbers: Sequence[Sequence[float]] | None = None

    def __len__(self) -> int:
        """Return the number of instances."""
        return len((self.labels if self.numbers is None else self.numbers) or ())

    def slice(self, start: int, end: int) -> "Predictions":
        """Return the predictions for instances[start:end]."""
        return Predictions(
            self.form,
            self.labels and self.labels[start:end],
            self.numbers and self.numbers[start:end],
        )

    def read_columns(self) -> list[Sequence[Any]]:
        """Return the columns that the form has watched."""
        return [column.read(self.labels, self.numbers) for column in self.form.columns]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the `predictions` of an answer, one for each instance."""
        return self.form.write(self.labels, self.numbers)

    def to_columns(self) -> dict[str, Any]:
        """Return the `predictions` of an answer by column."""
        return self.form.write_columns(self.labels, self.numbers)

    def to_arrays(self) -> dict[str, Any]:
        """Return the same, where many labels and numbers are arrays."""
        return self.form.write_columns(self.labels, self.numbers, as_lists=False)


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` of the items, evenly spaced, or all if there are fewer."""
    indices = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[index] for index in indices]
