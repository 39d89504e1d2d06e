"""Requests that wait for a slow model are predicted together.

Whatever is queued when the model becomes free goes as one batch. There is no timer: a
lone request waits for nobody, and pays two locks, about a microsecond.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from service.model.instances import Instances, Predictions

Predict = Callable[[Instances], Predictions]

# A batch takes no more instances than this, so that a small request does not wait for
# several large ones. Per instance, batches of 100 already cost what larger ones do.
MAX_BATCHED_INSTANCES = 256


class _Ticket:
    """A request in the queue, what came of it, and what its thread waits at."""

    __slots__ = ("error", "instances", "predictions", "woken")

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.predictions: Predictions | None = None
        self.error: Exception | None = None
        self.woken = threading.Lock()
        self.woken.acquire()

    @property
    def is_answered(self) -> bool:
        return self.predictions is not None or self.error is not None


def _ignore(count: int) -> None:
    """Do nothing with the size of a batch."""


class Batcher:
    """Predicts for many threads, one batch at a time.

    `observe` is told how many instances each batch has.

    One thread leads: it answers all that waits, wakes the threads it answered, and
    passes the lead to one whose request has come since.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self.observe: Callable[[int], None] = _ignore
        self._queue: deque[_Ticket] = deque()
        self._guard = threading.Lock()
        self._is_led = False

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, alone or among others. Raises what their own raise."""
        ticket = _Ticket(instances)
        with self._guard:
            leads, self._is_led = not self._is_led, True
            if not leads:
                self._queue.append(ticket)
        if not leads:
            ticket.woken.acquire()  # it was answered, or is to lead
            if not ticket.is_answered:
                self._let_others_in()
        if not ticket.is_answered:
            self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.predictions is not None  # noqa: S101 - for mypy
        return ticket.predictions

    def _let_others_in(self) -> None:
        """Let the threads that were just answered bring what they have next.

        They wait for the interpreter, which a prediction would now hold for long. Each
        step is the shortest sleep there is, some 60 microseconds, and there is another
        only while the queue grows. A request that found the model free never waits.
        """
        waiting = -1
        while waiting < len(self._queue):
            waiting = len(self._queue)
            time.sleep(1e-6)

    def _lead(self, ticket: _Ticket) -> None:
        batch = self._take(ticket)
        self.observe(sum(each.instances.count for each in batch))
        try:
            self._answer(batch)
        finally:
            with self._guard:
                heir = self._queue.popleft() if self._queue else None
                self._is_led = heir is not None
            for answered in batch[1:]:
                answered.woken.release()
            if heir is not None:
                heir.woken.release()

    def _take(self, ticket: _Ticket) -> list[_Ticket]:
        batch, count = [ticket], ticket.instances.count
        with self._guard:
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
            except Exception:  # noqa: BLE001, S110 - each alone shows whose it is
                pass
            else:
                _share(batch, together)
                return
        for ticket in batch:
            try:
                ticket.predictions = self._predict(ticket.instances)
            except Exception as error:  # noqa: BLE001 - raised where it belongs
                ticket.error = error


def _share(batch: Sequence[_Ticket], together: Predictions) -> None:
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
