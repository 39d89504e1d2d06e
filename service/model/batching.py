"""Requests that wait for a slow model are predicted together.

Whatever is queued when the model becomes free goes as one batch. There is no timer: a
lone request waits for nobody, and pays two locks, about a microsecond.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from service.model.instances import Instances, Predictions

Predict = Callable[[Instances], Predictions]

# A batch takes no more instances than this, so that a small request does not wait for
# several large ones. Per instance, batches of 100 already cost what larger ones do.
MAX_BATCHED_INSTANCES = 256


class _Ticket:
    """A request in the queue, and what came of it."""

    __slots__ = ("error", "instances", "predictions")

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.predictions: Predictions | None = None
        self.error: Exception | None = None


class Batcher:
    """Predicts for many threads, one batch at a time."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._queue: deque[_Ticket] = deque()
        self._model = threading.Lock()

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, alone or among others. Raises what their own raise."""
        ticket = _Ticket(instances)
        self._queue.append(ticket)
        with self._model:
            # Whoever held the model may have answered this one along with its own.
            while ticket.predictions is None and ticket.error is None:
                self._answer(self._take())
        if ticket.error is not None:
            raise ticket.error
        assert ticket.predictions is not None  # noqa: S101 - for mypy
        return ticket.predictions

    def _take(self) -> list[_Ticket]:
        batch = [self._queue.popleft()]
        count = batch[0].instances.count
        while self._queue:
            count += self._queue[0].instances.count
            if count > MAX_BATCHED_INSTANCES:
                break
            batch.append(self._queue.popleft())
        return batch

    def _answer(self, batch: list[_Ticket]) -> None:
        if len(batch) > 1:
            try:
                together = self._predict(join_instances([t.instances for t in batch]))
            except Exception:  # noqa: BLE001, S110 - one is to blame: each alone shows which
                pass
            else:
                self._share(batch, together)
                return
        for ticket in batch:
            try:
                ticket.predictions = self._predict(ticket.instances)
            except Exception as error:  # noqa: BLE001 - raised where it belongs
                ticket.error = error

    def _share(self, batch: list[_Ticket], together: Predictions) -> None:
        start = 0
        for ticket in batch:
            end = start + ticket.instances.count
            ticket.predictions = together.slice(start, end)
            start = end


def join_instances(parts: Sequence[Instances]) -> Instances:
    """Return the instances of several requests as those of one."""
    columns = tuple(
        [value for column in columns for value in column]
        for columns in zip(*(part.columns for part in parts), strict=True)
    )
    return Instances(columns, sum(part.count for part in parts))
