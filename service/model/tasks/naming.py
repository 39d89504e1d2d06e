"""What answers are called: the labels of classes, or the names of outputs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs


@dataclass(frozen=True)
class Naming:
    """What names are made of: answers to the training table, its y, `labels=`."""

    answers: Outputs
    y: Any = None
    labels: Any = None

    @property
    def width(self) -> int:
        """The numbers of an answer."""
        numbers = self.answers.numbers
        return 0 if numbers is None else int(numbers.shape[1])

    def refuse_labels(self, whose: str) -> None:
        """Raise PackagingError if there are labels, which only some tasks have."""
        if self.labels is not None:
            raise PackagingError(f"labels= is for classifiers, and not for {whose}.")

    def check_target(self, classes: Iterable[Any]) -> None:
        """Raise PackagingError if y holds what is no class."""
        if self.y is None:
            return
        try:
            found = set(np.asarray(self.y, dtype=object).ravel().tolist())
        except (TypeError, ValueError) as error:
            raise PackagingError(
                f"y must be one column of classes: {describe_error(error)}."
            ) from None
        if not found <= set(classes):
            raise PackagingError("y holds classes that the pipeline was not fitted on.")

    def name_outputs(self, count: int) -> tuple[str, ...]:
        """Return the columns of y, or y0, y1, ..."""
        if not hasattr(self.y, "columns"):
            return tuple(f"y{i}" for i in range(count))
        if len(self.y.columns) != count:
            raise PackagingError(
                f"y has {len(self.y.columns)} columns, and the pipeline {count}"
                " outputs."
            )
        names = tuple(str(column) for column in self.y.columns)
        if len(set(names)) != count:
            raise PackagingError(f"The names of the outputs must differ: {names}.")
        return names


def read_labels(classes: Sequence[Any], labels: Any) -> tuple[str, ...]:
    """Return the business label of each class: by class, in order, or the class."""
    if labels is None:
        return tuple(str(label) for label in classes)
    if isinstance(labels, Mapping):
        if set(labels) != set(classes):
            raise PackagingError(f"labels= must name each class of {classes}, once.")
        labels = [labels[label] for label in classes]
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise PackagingError(f"labels= must hold a label for each class of {classes}.")
    found = list(labels)
    if len(found) != len(classes) or not all(isinstance(each, str) for each in found):
        raise PackagingError(f"labels= must hold a label for each class of {classes}.")
    if len(set(found)) != len(found):
        raise PackagingError(f"The labels must differ: {found}.")
    return tuple(str(label) for label in found)
