"""Outlier and novelty detectors: an outlier or an inlier, with its score."""

from typing import Any

from sklearn.base import is_outlier_detector

from service.model.contract.prediction_form import PredictionForm
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.tasks.methods import index_classes
from service.model.tasks.naming import Naming, read_labels
from service.model.tasks.task import NO_EXTRAS, Extras, Task

# What detectors predict, and what that is called unless the owner says otherwise.
CLASSES = (-1, 1)
LABELS = ("outlier", "inlier")


class OutlierDetection(Task):
    """A label, and a score that is lower the more of an outlier an instance is."""

    name = "outlier-detection"
    label_counts = (2,)

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        super().__init__(pipeline, extras)
        if not self.methods.has("predict"):
            raise PackagingError(
                "The detector has no predict: a LocalOutlierFactor needs novelty=True."
            )
        has_samples = self.methods.has("score_samples")
        self._score = "score_samples" if has_samples else "decision_function"
        self._indices = {-1: 0, 1: 1}

    @staticmethod
    def has(pipeline: Any) -> bool:
        return bool(is_outlier_detector(pipeline))

    def ask(self, table: Any) -> Outputs:
        answers, scores = self.methods.call(table, "predict", self._score)
        classes = index_classes(answers, self._indices)
        return Outputs(classes=classes, values=scores.reshape(len(classes), -1))

    def propose_form(self, naming: Naming) -> PredictionForm:
        labels = LABELS if naming.labels is None else naming.labels
        return PredictionForm(labels=read_labels(CLASSES, labels), scalars=("score",))
