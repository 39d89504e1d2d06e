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
    if reference.task == "classification":
        _check_target(reference, y)
        found = _read_labels(reference.classes, labels)
    elif labels is None:
        found = _name_outputs(reference, X, y)
    else:
        raise PackagingError("labels= is for classifiers.")
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
    names = (
        list(y.columns) if hasattr(y, "columns") else [f"y{i}" for i in range(count)]
    )
    if len(names) != count:
        raise PackagingError(
            f"y has {len(names)} columns, and the pipeline {count} outputs."
        )
    return tuple(map(str, names))


def _check_target(reference: FittedPipeline, y: Any) -> None:
    try:
        found = (
            set() if y is None else set(np.asarray(y, dtype=object).ravel().tolist())
        )
    except (TypeError, ValueError) as error:
        raise PackagingError(
            f"y must be one column of classes: {describe_error(error)}."
        ) from None
    if not found <= set(reference.classes):
        raise PackagingError("y holds classes that the pipeline was not fitted on.")


def _read_labels(classes: list[Any], labels: Any) -> tuple[str, ...]:
    if labels is None:
        return tuple(map(str, classes))
    if isinstance(labels, Mapping):
        labels = [labels[c] for c in classes] if set(labels) == set(classes) else []
    is_list = isinstance(labels, Iterable) and not isinstance(labels, str)
    found = list(labels) if is_list else []
    if len(found) != len(classes) or not all(isinstance(each, str) for each in found):
        raise PackagingError(
            f"labels= must hold a label for each class of {classes}, and no other."
        )
    return tuple(map(str, found))
