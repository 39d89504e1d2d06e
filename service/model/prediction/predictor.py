"""The predictor: validated instances in, predictions out. Loading makes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.model.artefact.golden import Golden, prove
from service.model.artefact.manifest import Manifest
from service.model.contract.array_columns import FEW_ROWS, CodedColumn, NumberTable
from service.model.contract.instances import Instances, Predictions
from service.model.contract.prediction_form import PredictionForm
from service.model.drift.histograms import Histograms
from service.model.errors import NoAnswerError
from service.model.explanation.explainer import Explainer
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan
from service.model.prediction.batching import Batcher
from service.model.prediction.engine import Engine
from service.model.prediction.gate import Ask
from service.model.prediction.unanswered import DOMAIN_ERRORS, find_unanswered
from service.model.runtimes.device import Device


@dataclass(frozen=True)
class Predictor:
    """A loaded pipeline, how it answers, and the golden records that prove it.

    `digest` is the SHA-256 of the manifest, and so of everything in the artefact.
    `histograms` is None for a version that was packaged before there were any, `plan`
    where scikit-learn answers, and `batcher` where each request is predicted alone.
    `typical` is the first golden instance. `explainer` is None where contributions
    would not be exact, as `not_explained_because` says. `device` runs its networks,
    from some rows on, where one does.
    """

    manifest: Manifest
    digest: str
    golden: Golden
    histograms: Histograms | None
    form: PredictionForm
    reference: FittedPipeline
    plan: Plan | None
    engine: Engine
    batcher: Batcher | None
    answer: Callable[[Instances], Predictions]
    typical: Instances
    explainer: Explainer | None
    not_explained_because: str
    device: Device | None

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, in order.

        Raises NoAnswerError where an instance is to blame, or NonFinitePredictionError
        or whatever the pipeline raises.
        """
        try:
            if self.batcher is not None:
                return self.batcher.predict(instances)
            return self.answer(instances)
        except DOMAIN_ERRORS as error:
            index = find_unanswered(self.answer, instances, self.typical)
            if index is None:
                raise
            raise NoAnswerError(index) from error

    def explain(self, instances: Instances) -> dict[str, Any]:
        """Return what the features contributed to each answer, or why nothing is told.

        As it stands in an answer. Raises TooManyInstancesError.
        """
        if self.explainer is None:
            return {"not_explained_because": self.not_explained_because}
        return {"explanations": self.explainer.explain(instances)}

    def prove(self) -> None:
        """Reproduce the golden records, by each way. Raises GoldenMismatchError."""
        prove(self.predict, self.manifest, self.golden)
        if self.device is not None and self.device.least_rows > 1:
            with self.device.answering_all():
                prove(self.predict, self.manifest, self.golden)

    def watch_batches(self, observe: Callable[[int], None]) -> None:
        """Call `observe` with the size of each batch, where requests are batched."""
        if self.batcher is not None:
            self.batcher.observe = observe


def build_answer(ask: Ask, form: PredictionForm) -> Callable[[Instances], Predictions]:
    """Return what answers instances under their business names."""
    return lambda instances: name_outputs(ask(instances.columns), form)


def name_outputs(outputs: Outputs, form: PredictionForm) -> Predictions:
    """Return outputs as plain values under their business names.

    Raises ValueError where there are not as many numbers as in training, as of a
    network whose answers are as long as what it is asked.
    """
    classes, numbers = outputs.classes, outputs.numbers
    labels = None if classes is None else _name_labels(classes, form)
    if numbers is None:
        return Predictions(form, labels)
    if numbers.shape[1] != form.width:
        raise ValueError("The pipeline gives more numbers, or fewer, than in training.")
    if numbers.dtype.kind in "iu":  # a double holds no integer beyond 2**53
        return Predictions(form, labels, numbers.tolist())
    numbers = numbers.astype(float, copy=False)
    is_many = len(numbers) >= FEW_ROWS
    return Predictions(
        form, labels, NumberTable(numbers) if is_many else numbers.tolist()
    )


def _name_labels(classes: np.ndarray, form: PredictionForm) -> Sequence[Any]:
    if len(classes) < FEW_ROWS or form.outputs:
        return form.name_labels(classes.tolist())
    return CodedColumn(classes, form.labels)
