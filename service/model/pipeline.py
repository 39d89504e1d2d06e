"""scikit-learn's own answers, against which everything else is held."""

import warnings
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import NotFittedError, check_is_fitted

from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs

Task = Literal["classification", "regression"]

# How many rows of the training table are predicted twice, before all else: enough that
# labels drawn at random cannot agree.
CHECKED_ROWS = 64

SEVERAL_OUTPUTS = "A classifier with several outputs cannot be packaged."


class FittedPipeline:
    """A fitted pipeline, asked the way a notebook asks it."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.task = read_task(pipeline)
        self.classes: list[Any] = []
        if self.task == "classification":
            self.classes = read_classes(pipeline)
        self._class_index = {c: index for index, c in enumerate(self.classes)}
        self._has_probabilities = hasattr(pipeline, "predict_proba")

    def predict(self, table: Any) -> Outputs:
        """Ask the pipeline. Raises NonFinitePredictionError, naming the instance."""
        outputs = self.ask(table)
        outputs.check_finite()
        return outputs

    def ask(self, table: Any) -> Outputs:
        """Ask the pipeline, and pass on NaN and infinities."""
        answers = np.asarray(self.pipeline.predict(table))
        if len(answers) != len(table):
            raise PackagingError(
                f"The pipeline gives {len(answers)} answers to {len(table)} instances."
            )
        if self.task == "regression":
            if answers.dtype.kind not in "fiub":
                raise PackagingError(
                    f"A regressor must predict numbers, and not {answers.dtype}."
                )
            return Outputs(values=answers.reshape(len(answers), -1))
        if answers.ndim != 1:
            raise PackagingError(SEVERAL_OUTPUTS)
        classes = np.array([self._class_index[label] for label in answers.tolist()])
        if not self._has_probabilities:
            return Outputs(classes=classes)
        probabilities = np.asarray(self.pipeline.predict_proba(table))
        return Outputs(classes=classes, probabilities=probabilities)


def read_task(pipeline: Any) -> Task:
    """Return the pipeline's task. Raises PackagingError if it is not served here."""
    try:
        check_is_fitted(pipeline)
    except (NotFittedError, TypeError) as error:
        raise PackagingError(
            f"The pipeline is not a fitted estimator: {error}"
        ) from None
    if is_classifier(pipeline):
        return "classification"
    if is_regressor(pipeline):
        return "regression"
    raise PackagingError(
        f"{type(pipeline).__name__} is neither a classifier nor a regressor."
    )


def read_classes(pipeline: Any) -> list[Any]:
    """Return the classes as plain Python values, in the order of classes_."""
    classes = pipeline.classes_
    if isinstance(classes, list) or np.asarray(classes).ndim != 1:
        raise PackagingError(SEVERAL_OUTPUTS)
    plain: list[Any] = np.asarray(classes).tolist()
    return plain


def check_training_table(reference: FittedPipeline, X: Any) -> Outputs:
    """Return the answers to the first rows of the training table.

    Raises PackagingError if there are none, or if they differ the second time.
    """
    if not len(X):
        raise PackagingError("The training table has no rows.")
    rows = np.arange(CHECKED_ROWS) % len(X)
    table = X.iloc[rows].reset_index(drop=True) if hasattr(X, "iloc") else X[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the whole table is asked for without this
        try:
            first, second = reference.predict(table), reference.predict(table)
        except PackagingError:
            raise
        except Exception as error:
            raise PackagingError(
                "The pipeline does not answer its own training table:"
                f" {describe_error(error)}."
            ) from error
    if not second.is_close_to(first):
        raise PackagingError(
            "The pipeline does not give the same answer twice: fix what is random."
        )
    return first
