"""What answers are called: the labels of classes, or the names of outputs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from service.model.contract.features import is_text
from service.model.errors import PackagingError, describe_error
from service.model.pipeline import FittedPipeline, check_training_table


def name_answers(
    reference: FittedPipeline,
    X: Any,
    y: Any,
    labels: Mapping[Any, str] | Sequence[str] | None,
) -> tuple[str, ...]:
    """Return the business labels of the classes, or the names of the outputs."""
    if reference.task == "regression":
        if labels is not None:
            raise PackagingError("labels= is for classifiers.")
        found = _name_outputs(reference, X, y)
    else:
        _check_target(reference, y)
        found = _read_labels(reference.classes, labels)
    if not all(map(is_text, found)):
        raise PackagingError("The names of the answers must be text.")
    if len(set(found)) != len(found):
        raise PackagingError(f"The names of the answers must differ: {found}.")
    return found


def _name_outputs(reference: FittedPipeline, X: Any, y: Any) -> tuple[str, ...]:
    values = check_training_table(reference, X).values
    count = 1 if values is None else values.shape[1]
    if count == 1:
        return ("value",)
    if not hasattr(y, "columns"):
        return tuple(f"y{i}" for i in range(count))
    if len(y.columns) != count:
        raise PackagingError(
            f"y has {len(y.columns)} columns, and the pipeline {count} outputs."
        )
    return tuple(str(column) for column in y.columns)


def _check_target(reference: FittedPipeline, y: Any) -> None:
    if y is None:
        return
    try:
        found = set(np.asarray(y, dtype=object).ravel().tolist())
    except (TypeError, ValueError) as error:
        raise PackagingError(
            f"y is no column of classes: {describe_error(error)}."
        ) from None
    if not found <= set(reference.classes):
        raise PackagingError("y holds classes that the pipeline was not fitted on.")


def _read_labels(classes: list[Any], labels: Any) -> tuple[str, ...]:
    if labels is None:
        return tuple(str(label) for label in classes)
    if isinstance(labels, Mapping):
        if set(labels) != set(classes):
            raise PackagingError(f"labels= must name each class of {classes}, once.")
        labels = [labels[label] for label in classes]
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise PackagingError(f"labels= must hold a label for each class of {classes}.")
    found = list(labels)
    is_complete = len(found) == len(classes) == len(set(map(str, found)))
    if not is_complete or not all(isinstance(label, str) for label in found):
        raise PackagingError(f"labels= must hold a label for each class of {classes}.")
    return tuple(str(label) for label in found)
