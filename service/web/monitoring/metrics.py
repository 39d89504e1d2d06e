"""What is counted of each request."""

from collections import Counter as Tally

from service.model.contract.instances import Instances, Predictions
from service.model.contract.novelty import Notice
from service.model.drift.windows import Counting
from service.model.prediction.predictor import Predictor
from service.web.errors import REASONS
from service.web.monitoring.catalogue import DROPS, Instruments
from service.web.monitoring.counts import COUNTS_LOCK
from service.web.monitoring.instruments import Counter
from service.web.monitoring.scores import choose_buckets, name_series, read_series
from service.web.request import RequestContext

PREDICT = "/v1/predict"
WATCHED_STATUSES = (200, 500, 503, 504)

# The route of whatever matches none: a caller may name any number of them.
UNMATCHED = "unmatched"


class Metrics:
    """Counts what happens.

    At once, in files that outlive this process: a caller that has its answer has been
    counted, even by a worker that is killed the moment after.
    """

    def __init__(self, predictor: Predictor, counting: Counting | None) -> None:
        self._counting = counting
        self.instruments = instruments = Instruments(choose_buckets(predictor))
        manifest = predictor.manifest
        self._scores = [instruments.scores[name] for name in name_series(manifest)]
        self._sizes = instruments.instances.unlabelled
        self._batches = instruments.batches.unlabelled
        predictor.watch_batches(self.count_batch)
        self._nullable = [
            (index, feature.name)
            for index, feature in enumerate(manifest.contract.features)
            if feature.nullable
        ]
        self._noticed: dict[Notice, Counter] = {
            "unseen": instruments.unseen,
            "out_of_range": instruments.out_of_range,
        }
        # Series are created at 0, or rate() would miss the first increment.
        instruments.exits.unlabelled.add(0)
        for reason in REASONS:
            instruments.rejections[reason].add(0)
        for status in WATCHED_STATUSES:
            instruments.durations[PREDICT, status]  # which makes it
        for drop in DROPS:
            instruments.lines_dropped[drop].add(0)
        engine, digest = predictor.engine.name, predictor.digest
        instruments.model[manifest.name, manifest.version, engine, digest].set(1)

    def count_batch(self, count: int) -> None:
        """Count what is predicted together, of a model whose requests wait for it."""
        with COUNTS_LOCK:
            self._batches.observe(count)

    def count_request(self, call: RequestContext) -> None:
        """Count an answer that is about to be given."""
        instruments = self.instruments
        with COUNTS_LOCK:
            instruments.durations[call.route or UNMATCHED, call.status].observe(
                call.seconds
            )
            for stage, seconds in call.stages.items():
                instruments.stages[stage].observe(seconds)
            if call.predictions is not None and call.instances is not None:
                self._count_predictions(call.predictions)
                self._count_instances(call.instances)
            for place, count in (call.violations or {}).items():
                instruments.violations[place].add(count)
            if call.reason is not None:
                instruments.rejections[call.reason].add()
        if self._counting and call.predictions is not None and call.instances:
            self._counting.count(call.instances, call.predictions)

    def count_exit(self) -> None:
        """Count a worker that ended and is replaced."""
        with COUNTS_LOCK:
            self.instruments.exits.unlabelled.add()

    def _count_predictions(self, predictions: Predictions) -> None:
        labels = predictions.labels or ()
        if len(labels) == 1:
            self.instruments.labels[labels[0]].add()
        else:
            for label, count in Tally(labels).items():
                self.instruments.labels[label].add(count)
        scores = read_series(predictions)
        for score, values in zip(self._scores, scores, strict=True):
            score.observe_all(values)

    def _count_instances(self, instances: Instances) -> None:
        self._sizes.observe(instances.count)
        for index, name in self._nullable:
            values = instances.columns[index]
            if None in values:
                self.instruments.nulls[name].add(values.count(None))
        for (name, notice), count in instances.noticed.items():
            if notice in self._noticed:
                self._noticed[notice][name].add(count)
