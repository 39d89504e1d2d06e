"""What is counted of each request."""

from collections import Counter

from service.model.instances import Predictions
from service.model.predictor import Predictor
from service.web.call import Call
from service.web.counts import COUNTING
from service.web.errors import REASONS
from service.web.instruments import Instruments
from service.web.scores import find_bounds, find_outputs

# The route of whatever matches none: a caller may name any number of them.
UNMATCHED = "unmatched"


class Metrics:
    """Counts what happens.

    At once, in files that outlive this process: a caller that has its answer has been
    counted, even by a worker that is killed the moment after.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.instruments = instruments = Instruments(find_bounds(predictor))
        manifest = predictor.manifest
        self._outputs = [
            (index, instruments.scores[manifest.names[index]])
            for index in find_outputs(predictor)
        ]
        self._instances = instruments.instances.alone
        for reason in REASONS:  # so that the first of them is seen to be one more
            instruments.rejections[reason].add(0)
        engine, digest = predictor.engine.name, predictor.digest
        instruments.model[manifest.name, manifest.version, engine, digest].set(1)

    def count_request(self, call: Call) -> None:
        """Count an answer that is about to be given."""
        instruments, place = self.instruments, (call.route or UNMATCHED, call.status)
        with COUNTING:
            instruments.durations[place].observe(call.seconds)
            for stage, seconds in call.stages.items():
                instruments.stages[stage].observe(seconds)
            if call.predictions is not None:
                self._count_predictions(call.predictions)
            if call.reason is not None:
                instruments.rejections[call.reason].add()

    def count_exit(self) -> None:
        """Count a worker that ended and is replaced."""
        with COUNTING:
            self.instruments.exits.alone.add()

    def _count_predictions(self, predictions: Predictions) -> None:
        labels = predictions.labels or ()
        for label, count in Counter(labels).items():
            self.instruments.labels[label].add(count)
        rows = predictions.values or predictions.probabilities or ()
        self._instances.observe(len(labels or rows))
        if rows:
            for index, score in self._outputs:
                score.observe_all([row[index] for row in rows])
