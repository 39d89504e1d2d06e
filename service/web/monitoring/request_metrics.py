"""What is counted of each request."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from service.model.contract.array_columns import CodedColumn
from service.model.contract.instances import Instances, Predictions
from service.model.drift.tally import count_nulls
from service.model.drift.windows import DriftMonitor
from service.model.prediction.predictor import Predictor
from service.web.errors import REASONS
from service.web.monitoring.counts import COUNTS_LOCK
from service.web.monitoring.metrics import DROPS, Instruments
from service.web.monitoring.scores import choose_buckets, list_series, read_series
from service.web.request import DIALECTS, Dialect, RequestContext

WATCHED_STATUSES = (200, 500, 503, 504)

# The route of whatever matches none: a caller may name any number of them.
UNMATCHED = "unmatched"


class Metrics:
    """Counts what happens.

    At once, in files that outlive this process: a caller that has its answer has been
    counted, even by a worker that is killed the moment after.
    """

    def __init__(self, predictor: Predictor, drift: DriftMonitor | None) -> None:
        self._drift = drift
        self.instruments = instruments = Instruments(choose_buckets(predictor))
        manifest = predictor.manifest
        self._outputs = [*predictor.form.outputs]
        self._series = list_series(predictor.form)
        self._scores = [instruments.scores[each.name] for each in self._series]
        self._features = [feature.name for feature in manifest.contract.features]
        self._batches = instruments.batches.unlabelled
        predictor.watch_batches(self.count_batch)
        self._novelties = {
            "unseen": instruments.unseen,
            "out_of_range": instruments.out_of_range,
        }
        # Series are created at 0, or rate() would miss the first increment.
        instruments.exits.unlabelled.add(0)
        for reason in REASONS:
            instruments.rejections[reason].add(0)
        for dialect in DIALECTS:
            instruments.instances[dialect].observe_all(())
        for drop in DROPS:
            instruments.lines_dropped[drop].add(0)
        engine, digest = predictor.engine.name, predictor.digest
        instruments.model[manifest.name, manifest.version, engine, digest].set(1)

    def begin_routes(self, routes: Iterable[str]) -> None:
        """Begin the series of routes at 0, where an error is to be seen at once."""
        for route in routes:
            for status in WATCHED_STATUSES:
                self.instruments.durations[route, status].observe_all(())

    def count_batch(self, count: int) -> None:
        """Count the instances predicted together, where requests wait for the model."""
        with COUNTS_LOCK:
            self._batches.observe(count)

    def count_request(self, context: RequestContext) -> None:
        """Count an answer that is about to be given."""
        instances, predictions = context.instances, context.predictions
        if instances is not None and predictions is not None:
            self._count_answer(context.dialect, instances, predictions)
        instruments = self.instruments
        with COUNTS_LOCK:
            route = context.route or UNMATCHED
            instruments.durations[route, context.status].observe(context.seconds)
            for stage, seconds in context.stages.items():
                instruments.stages[stage].observe(seconds)
            for place, count in (context.violations or {}).items():
                instruments.violations[place].add(count)
            if context.reason is not None:
                instruments.rejections[context.reason].add()

    def count_exit(self) -> None:
        """Count a worker that ended and is replaced."""
        with COUNTS_LOCK:
            self.instruments.exits.unlabelled.add()

    def _count_answer(
        self, dialect: Dialect | None, instances: Instances, predictions: Predictions
    ) -> None:
        if self._drift is None:
            nulls = count_nulls(instances)
        else:
            nulls = self._drift.count(instances, predictions)
        scores = read_series(self._series, predictions)
        with COUNTS_LOCK:
            self._count_labels(predictions.labels or ())
            for score, values in zip(self._scores, scores, strict=True):
                score.observe_all(values)
            self.instruments.instances[dialect].observe(instances.count)
            self._count_values(instances, nulls)

    def _count_labels(self, labels: Sequence[Any]) -> None:
        """Count labels; those of several outputs as `output=label`."""
        if self._outputs:
            labels = [
                f"{name}={label}"
                for row in labels
                for name, label in zip(self._outputs, row, strict=True)
            ]
        elif len(labels) == 1:
            self.instruments.labels[labels[0]].add()
            return
        counts = (
            zip(labels.kinds, labels.counts, strict=True)
            if type(labels) is CodedColumn
            else Counter(labels).items()
        )
        for label, count in counts:
            if count:
                self.instruments.labels[label].add(count)

    def _count_values(self, instances: Instances, nulls: Sequence[int]) -> None:
        if any(nulls):
            for name, count in zip(self._features, nulls, strict=True):
                if count:
                    self.instruments.nulls[name].add(count)
        for (name, novelty), count in instances.novelties.items():
            if novelty in self._novelties:
                self._novelties[novelty][name].add(count)
