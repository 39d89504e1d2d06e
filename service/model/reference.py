"""scikit-learn's own answers, against which everything else is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.utils.validation import NotFittedError, check_is_fitted

from service.model.errors import NonFinitePredictionError, PackagingError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Outputs:
    """What a pipeline returned for n instances, as arrays.

    `classes` (n, indices into the pipeline's classes_) and `probabilities` (n, classes)
    or None; or `values` (n, outputs).
    """

    classes: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    values: np.ndarray | None = None


class Reference:
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
        outputs = self._ask(table)
        check_finite(outputs)
        return outputs

    def _ask(self, table: Any) -> Outputs:
        if self.task == "regression":
            values = np.asarray(self.pipeline.predict(table))
            return Outputs(values=values.reshape(len(values), -1))
        labels = np.asarray(self.pipeline.predict(table))
        classes = np.array([self._class_index[label] for label in labels.tolist()])
        if not self._has_probabilities:
            return Outputs(classes=classes)
        probabilities = np.asarray(self.pipeline.predict_proba(table))
        return Outputs(classes=classes, probabilities=probabilities)


def read_task(pipeline: Any) -> Task:
    """Return what the pipeline does. Raises PackagingError if it is not served here."""
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
        raise PackagingError("A classifier with several outputs cannot be packaged.")
    plain: list[Any] = np.asarray(classes).tolist()
    return plain


def use_one_thread(pipeline: Any) -> None:
    """Set n_jobs to 1 in every fitted part: the workers are the parallelism.

    It also fixes the order in which a forest sums its trees, and so the last bit.
    """
    for estimator in _iterate_estimators(pipeline, set()):
        if getattr(estimator, "n_jobs", None) is not None:
            estimator.n_jobs = 1


def _iterate_estimators(part: Any, seen: set[int]) -> Iterator[Any]:
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, BaseEstimator):
        yield part
        part = vars(part)
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple) or (
        isinstance(part, np.ndarray) and part.dtype == object
    ):
        for inner in part:
            yield from _iterate_estimators(inner, seen)


def check_finite(outputs: Outputs) -> None:
    """Refuse NaN and infinities. Raises NonFinitePredictionError."""
    numbers = outputs.probabilities if outputs.values is None else outputs.values
    if numbers is None or np.isfinite(numbers).all():
        return
    index = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1))[0])
    raise NonFinitePredictionError(
        f"The pipeline's prediction for instances[{index}] is NaN or infinite."
    )
