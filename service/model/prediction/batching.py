"""Requests that wait for a slow model are predicted together.

Each request of a gathering runs until it needs its prediction; then they are predicted
as one batch, and each goes on. They take turns in one thread, as greenlets: with a
thread each, passing the GIL around would take longer than the prediction. There is no
timer, and a lone request does not wait.

Where the model has lately been slow for one of them, so that others would miss their
deadlines, each is predicted alone: those that wait are then free for other threads.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from greenlet import getcurrent, greenlet

from service.model.contract.instances import Instances, Predictions
from service.model.contract.tensor_columns import TensorColumn
from service.model.prediction.pace import Pace

Predict = Callable[[Instances], Predictions]

# What answers a request, and the time.monotonic() until which its answer is wanted.
Call = tuple[Callable[[], None], float]

# A batch takes no more instances than this, so that a small request does not wait for
# several large ones. Per instance, batches of 100 already cost what larger ones do.
MAX_BATCHED_INSTANCES = 256


class _Request(greenlet):
    """A request of a gathering: its instances, and their predictions or a fault."""

    deadline = math.inf
    instances: Instances
    predictions: Predictions | None = None
    fault: BaseException | None = None

    def wait(self, instances: Instances) -> Predictions:
        """Yield to the others until the batch is predicted; raise what that raised."""
        self.instances, self.predictions, self.fault = instances, None, None
        assert self.parent  # noqa: S101 - for mypy
        self.parent.switch()
        if self.fault is not None:
            raise self.fault
        assert self.predictions is not None  # noqa: S101 - for mypy
        return self.predictions


class _Batch:
    """Requests that are predicted together, if `pace` allows."""

    def __init__(self, pace: Pace, requests: Iterable[_Request] = ()) -> None:
        self._pace = pace
        self.requests: list[_Request] = []
        self.count = 0
        self._deadline = math.inf
        for request in requests:
            self.add(request)

    def has_room(self, size: int, deadline: float = math.inf) -> bool:
        """Return True if there is room for `size` more instances."""
        count = self.count + size
        if count > MAX_BATCHED_INSTANCES:
            return False
        seconds = min(self._deadline, deadline) - time.monotonic()
        return self._pace.allows(count, seconds)

    def add(self, request: _Request) -> None:
        self.requests.append(request)
        self.count += request.instances.count
        self._deadline = min(self._deadline, request.deadline)


class Batcher:
    """Predicts the requests of a gathering together.

    `observe` is called with the number of instances of each batch.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._pace = Pace()
        self.observe: Callable[[int], object] = int

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, alone or among others. Raises what `predict` raises."""
        request = getcurrent()
        if isinstance(request, _Request):
            return request.wait(instances)
        self.observe(instances.count)
        return self._measure(instances)

    def is_held(self) -> bool:
        """Return True while each batch takes far longer than one of its size should."""
        return self._pace.is_held()

    def gather(self, calls: Iterable[Call]) -> None:
        """Make the calls, each up to where it needs a prediction, and then to its end.

        None is begun before there is room for it in a batch. None of them may raise.
        """
        batch = _Batch(self._pace)
        for request in _resume(map(_begin, calls)):
            size = request.instances.count
            if batch.requests and not batch.has_room(size, request.deadline):
                batch = self._answer(batch)
            batch.add(request)
            if not batch.has_room(1):
                batch = self._answer(batch)
        while batch.requests:
            batch = self._answer(batch)

    def _answer(self, batch: _Batch) -> _Batch:
        """Give each request its answer, and return those that need another."""
        self.observe(batch.count)
        self._predict_for(batch.requests)
        return _Batch(self._pace, _resume(batch.requests))

    def _measure(self, instances: Instances) -> Predictions:
        with self._pace.measure(instances.count):
            return self._predict(instances)

    def _predict_for(self, batch: Sequence[_Request]) -> None:
        """Predict all together, or by halves until one is left with its own fault."""
        try:
            together = self._measure(join_instances([r.instances for r in batch]))
        except BaseException as error:  # noqa: BLE001 - the request raises its own
            if len(batch) == 1:
                batch[0].fault = error
                return
        else:
            start = 0
            for request in batch:
                end = start + request.instances.count
                request.predictions = together.slice(start, end)
                start = end
            return
        middle = len(batch) // 2
        self._predict_for(batch[:middle])
        self._predict_for(batch[middle:])


def _begin(call: Call) -> _Request:
    request = _Request(call[0])
    request.deadline = call[1]
    return request


def _resume(requests: Iterable[_Request]) -> Iterator[_Request]:
    """Run each on, and yield those that stopped for a prediction."""
    for request in requests:
        request.switch()
        if not request.dead:
            yield request


def join_values(columns: Sequence[Any]) -> Sequence[Any]:
    """Return columns as one. Raises ValueError where tensors have other shapes."""
    if type(columns[0]) is TensorColumn:
        return TensorColumn(np.concatenate([each.array for each in columns]))
    return [value for column in columns for value in column]


def join_instances(parts: Sequence[Instances]) -> Instances:
    """Return the instances of several requests as those of one."""
    if len(parts) == 1:
        return parts[0]
    columns = tuple(
        join_values(columns)
        for columns in zip(*(part.columns for part in parts), strict=True)
    )
    return Instances(columns, sum(part.count for part in parts))
