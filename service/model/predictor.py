"""The predictor: validated instances in, predictions out."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.model.batching import MAX_BATCHED_INSTANCES, Batcher
from service.model.drift.histograms import (
    Histograms,
)
from service.model.errors import (
    ModelError,
)
from service.model.gate import check_agreement
from service.model.golden import Golden, prove
from service.model.independence import is_row_wise
from service.model.instances import Instances, Predictions, spread
from service.model.manifest import Manifest
from service.model.outputs import Outputs
from service.model.plan.plan import Plan, compile_plan
from service.model.reference import Reference
from service.model.tables import build_table

# Batching pays where it spares an instance as much as the rest of a request takes.
WORTHWHILE_SAVING_SECONDS = 300e-6

NOT_ROW_WISE = (
    "Instances are answered otherwise together than alone: no two requests are"
    " predicted together."
)


@dataclass(frozen=True)
class Engine:
    """What answers, a compiled plan or scikit-learn, and why; measured at start.

    `as_itself` names the steps of a plan that have no compiled form; `difference` is
    the largest one found between the plan and scikit-learn. The times are of one
    instance, asked alone and as one of sixteen. `unbatched` says why requests are not
    predicted together although it would be sooner.
    """

    name: str = "scikit-learn"
    reason: str = "The plan is off."
    as_itself: tuple[str, ...] = ()
    difference: float | None = None
    is_batching: bool = False
    unbatched: str = ""
    microseconds_alone: float = 0.0
    microseconds_of_sixteen: float = 0.0


class Predictor:
    """A loaded pipeline, its manifest, and the golden records that prove it.

    `digest` is the SHA-256 of the manifest, and so of everything in the artefact.
    `histograms` is None for a version that was packaged before there were any.
    """

    def __init__(
        self, manifest: Manifest, digest: str, golden: Golden, pipeline: Any
    ) -> None:
        self.manifest = manifest
        self.digest = digest
        self.golden = golden
        self.histograms: Histograms | None = None
        self.reference = Reference(pipeline)
        self.plan: Plan | None = None
        self.engine = Engine()
        self.batcher: Batcher | None = None

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, in order.

        Raises NonFinitePredictionError, and whatever the pipeline raises.
        """
        if self.batcher is not None:
            return self.batcher.predict(instances)
        return self._predict_now(instances)

    def _predict_now(self, instances: Instances) -> Predictions:
        return name_outputs(self._ask(instances.columns), self.manifest.names)

    def _ask(self, columns: Sequence[Sequence[Any]]) -> Outputs:
        if self.plan is None:
            return self.reference.predict(build_table(self.manifest.contract, columns))
        outputs = self.plan.predict(columns)
        outputs.check_finite()
        return outputs

    def prove(self) -> None:
        """Reproduce the golden records. Raises GoldenMismatchError."""
        prove(self.predict, self.manifest, self.golden)

    def use_plan(self, sample: Instances) -> None:
        """Answer by a compiled plan, if there is one that agrees with scikit-learn."""
        contract = self.manifest.contract
        try:
            plan = compile_plan(self.reference.pipeline, contract, sample.columns)
            difference = check_agreement(
                self.reference,
                plan.predict,
                contract,
                sample.columns,
                each_alone=not plan.as_itself,
            )
        except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not used
            # What others say may hold a value of the sample, and this is published.
            said = f": {error}" if isinstance(error, ModelError) else "."
            reason = f"The plan is not used, for a {type(error).__name__}{said}"
            self.engine = Engine(reason=reason)
        else:
            self.plan = plan
            self.engine = Engine("plan", "", plan.as_itself, difference)

    def use_batches(self, sample: Instances) -> None:
        """Predict waiting requests together, if it pays and changes no answer."""
        alone = self._measure(_take(sample, 1))
        of_sixteen = self._measure(_take(sample, 16)) / 16
        pays = alone - of_sixteen > WORTHWHILE_SAVING_SECONDS
        batches = pays and self._is_row_wise(sample)
        self.batcher = Batcher(self._predict_now) if batches else None
        self.engine = replace(
            self.engine,
            is_batching=batches,
            unbatched=NOT_ROW_WISE if pays and not batches else "",
            microseconds_alone=round(1e6 * alone, 1),
            microseconds_of_sixteen=round(1e6 * of_sixteen, 1),
        )

    def _is_row_wise(self, sample: Instances) -> bool:
        """Say whether as many different instances as a batch holds are answered so."""
        rows = list(dict.fromkeys(zip(*sample.columns, strict=True)))
        return len(rows) > 1 and is_row_wise(
            lambda wanted: self._ask(list(zip(*wanted, strict=True))),
            spread(rows, MAX_BATCHED_INSTANCES),
        )

    def watch_batches(self, observe: Callable[[int], None]) -> None:
        """Tell how many instances each batch has, where requests are batched."""
        if self.batcher is not None:
            self.batcher.observe = observe

    def _measure(self, instances: Instances) -> float:
        """Return the seconds a prediction takes, the median of seven after a first."""
        seconds = []
        for _ in range(8):
            start = time.perf_counter()
            self._predict_now(instances)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds[1:])


def name_outputs(outputs: Outputs, names: tuple[str, ...]) -> Predictions:
    """Return outputs as plain values under their business names."""
    if outputs.values is not None:
        values = outputs.values
        if values.dtype.kind not in "iu":  # a double holds no integer beyond 2**53
            values = values.astype(float, copy=False)
        return Predictions(names, values=values.tolist())
    classes = outputs.classes.tolist()  # type: ignore[union-attr]
    labels = [names[index] for index in classes]
    if outputs.probabilities is None:
        return Predictions(names, labels)
    probabilities = outputs.probabilities.astype(float, copy=False)
    return Predictions(names, labels, probabilities.tolist())


def _take(instances: Instances, count: int) -> Instances:
    return Instances(tuple(column[:count] for column in instances.columns), count)
