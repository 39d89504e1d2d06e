"""Classifiers of several outputs: multilabel, or several classes each."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from service.model.contract.prediction_form import (
    PROBABILITIES,
    PredictionForm,
    form_labels,
)
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.methods import find_last, index_classes
from service.model.tasks.naming import Naming, read_labels
from service.model.tasks.task import NO_EXTRAS, Extras, Task


class MultioutputClassification(Task):
    """A label for each output, with the probability of each of its classes."""

    name = "multioutput-classification"

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        super().__init__(pipeline, extras)
        self.classes = read_output_classes(pipeline)
        self.label_counts = tuple(len(classes) for classes in self.classes)
        self._indices = [
            {c: index for index, c in enumerate(classes)} for classes in self.classes
        ]
        self._has_probabilities = self.methods.has("predict_proba")

    @staticmethod
    def has(pipeline: Any) -> bool:
        return bool(is_classifier(pipeline) and read_output_classes(pipeline))

    def ask(self, table: Any) -> Outputs:
        names = ("predict", "predict_proba")[: 1 + self._has_probabilities]
        answers, *numbers = self.methods.call(table, *names)
        if np.shape(answers)[1:] != (len(self.classes),):
            raise PackagingError("The classifier has not an answer for each output.")
        columns = [
            index_classes(column, indices)
            for column, indices in zip(answers.T, self._indices, strict=True)
        ]
        classes = np.column_stack(columns)
        if not numbers:
            return Outputs(classes=classes)
        return Outputs(classes, join_probabilities(numbers[0]))

    def propose_form(self, naming: Naming) -> PredictionForm:
        names = naming.name_outputs(len(self.classes))
        labels = naming.labels or {}
        if not isinstance(labels, Mapping) or not set(labels) <= set(names):
            raise PackagingError(
                f"labels= must map some of the outputs {', '.join(names)} to labels."
            )
        group = PROBABILITIES if self._has_probabilities else ""
        return PredictionForm(
            outputs={
                name: form_labels(read_labels(classes, labels.get(name)), group)
                for name, classes in zip(names, self.classes, strict=True)
            }
        )


def read_output_classes(pipeline: Any) -> list[list[Any]]:
    """Return the classes of each output as plain values; none of a single output.

    Multilabel classifiers that binarise their target have one class an output in
    `classes_`, and answer 0 or 1.
    """
    last = find_last(pipeline)
    classes = getattr(last, "classes_", ())
    if isinstance(classes, list):
        return [np.asarray(each).tolist() for each in classes]
    if hasattr(last, "get_booster"):
        count = count_targets(last)
        return [[0, 1]] * count if count > 1 else []
    binarizer = getattr(last, "_label_binarizer", None)
    is_multilabel = getattr(last, "multilabel_", False) or (
        getattr(binarizer, "y_type_", "") == "multilabel-indicator"
    )
    return [[0, 1]] * len(classes) if is_multilabel else []


def count_targets(booster: Any) -> int:
    """Return the outputs of a model of XGBoost, which alone its configuration says."""
    config = json.loads(booster.get_booster().save_config())
    return int(config["learner"]["learner_model_param"].get("num_target", 1))


def join_probabilities(numbers: Any) -> np.ndarray:
    """Return the probabilities of all outputs side by side, a column for each class.

    Where an array has a column an output, that is the probability of a 1.
    """
    if isinstance(numbers, list):
        return np.concatenate(numbers, axis=1)
    both = np.empty((len(numbers), 2 * numbers.shape[1]), numbers.dtype)
    both[:, 1::2] = numbers
    np.subtract(1, numbers, out=both[:, ::2])
    return both
