"""Classifiers of one output: a label, with probabilities or decision scores."""

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
from service.model.tasks.methods import index_classes
from service.model.tasks.naming import Naming, read_labels
from service.model.tasks.task import NO_EXTRAS, Extras, Task


class Classification(Task):
    """A label, with the probability of each where the pipeline has any."""

    name = "classification"

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        super().__init__(pipeline, extras)
        self.classes: list[Any] = read_classes(pipeline)
        self.label_counts = (len(self.classes),)
        self._indices = {c: index for index, c in enumerate(self.classes)}
        self._numbers = "predict_proba" if self.methods.has("predict_proba") else ""
        if extras.scores:
            self._numbers = "decision_function"
            if not self.methods.has(self._numbers):
                raise PackagingError("The pipeline has no decision_function.")

    @staticmethod
    def has(pipeline: Any) -> bool:
        return bool(is_classifier(pipeline))

    def ask(self, table: Any) -> Outputs:
        names = ("predict", self._numbers) if self._numbers else ("predict",)
        answers, *numbers = self.methods.call(table, *names)
        if answers.ndim != 1:
            raise PackagingError("The classifier answers several outputs.")
        classes = index_classes(answers, self._indices)
        if self._numbers == "decision_function":
            return Outputs(classes=classes, values=numbers[0].reshape(len(classes), -1))
        return Outputs(classes, *numbers)

    def propose_form(self, naming: Naming) -> PredictionForm:
        naming.check_target(self.classes)
        labels = read_labels(self.classes, naming.labels)
        if self._numbers != "decision_function":
            return self.form_names(labels)
        # Of two classes there is one score, which is that of the last.
        scored = labels[1:] if len(labels) == 2 else labels
        if naming.width != len(scored):
            raise PackagingError(
                "decision_function gives no score for each class: see its"
                " decision_function_shape."
            )
        return PredictionForm(labels=labels, group="scores", names=scored)

    def form_names(self, names: tuple[str, ...]) -> PredictionForm:
        return form_labels(names, PROBABILITIES if self._numbers else "")

    def refuse_extras(self, extras: Extras) -> None:
        if extras.std:
            raise PackagingError("std= is for regressors of one output.")


def read_classes(pipeline: Any) -> list[Any]:
    """Return the classes as plain Python values, in the order of classes_."""
    classes = np.asarray(pipeline.classes_)
    if classes.ndim != 1:
        raise PackagingError("The classifier's classes_ are no list of classes.")
    plain: list[Any] = classes.tolist()
    return plain
