"""Requests that wait for a slow model are predicted together.

Each request of a gathering runs until it needs its prediction; then they are predicted
as one batch, and each goes on. They take turns in one thread, as greenlets: with a
thread each, passing the GIL around would take longer than the prediction. There is no
timer, and a request that is alone waits for nobody.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from greenlet import getcurrent, greenlet

from service.model.contract.instances import Instances, Predictions

Predict = Callable[[Instances], Predictions]

# A batch takes no more instances than this, so that a small request does not wait for
# several large ones. Per instance, batches of 100 already cost what larger ones do.
MAX_BATCHED_INSTANCES = 256


class _Request(greenlet):
    """A request of a gathering: its instances, and their predictions or a fault."""

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


class Batcher:
    """Predicts the requests of a gathering together.

    `observe` is called with the number of instances of each batch.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self.observe: Callable[[int], object] = int

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, alone or among others. Raises what `predict` raises."""
        request = getcurrent()
        if isinstance(request, _Request):
            return request.wait(instances)
        self.observe(instances.count)
        return self._predict(instances)

    def gather(self, calls: Iterable[Callable[[], None]]) -> None:
        """Run the calls, each up to where it needs a prediction, and then to its end.

        None is begun before there is room for it in a batch. None of them may raise.
        """
        batch: list[_Request] = []
        count = 0
        for request in _resume(_Request(call) for call in calls):
            size = request.instances.count
            if batch and count + size > MAX_BATCHED_INSTANCES:
                batch = self._answer(batch)
                count = _count(batch)
            batch.append(request)
            count += size
            if count >= MAX_BATCHED_INSTANCES:
                batch = self._answer(batch)
                count = _count(batch)
        while batch:
            batch = self._answer(batch)

    def _answer(self, batch: Sequence[_Request]) -> list[_Request]:
        """Give each request its answer, and return those that need another."""
        self.observe(_count(batch))
        self._predict_for(batch)
        return list(_resume(batch))

    def _predict_for(self, batch: Sequence[_Request]) -> None:
        """Predict all together, or by halves until one is left with its own fault."""
        try:
            together = self._predict(join_instances([r.instances for r in batch]))
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


def _resume(requests: Iterable[_Request]) -> Iterator[_Request]:
    """Run each on, and yield those that stopped for a prediction."""
    for request in requests:
        request.switch()
        if not request.dead:
            yield request


def _count(batch: Sequence[_Request]) -> int:
    return sum(request.instances.count for request in batch)


def join_instances(parts: Sequence[Instances]) -> Instances:
    """Return the instances of several requests as those of one."""
    if len(parts) == 1:
        return parts[0]
    columns = tuple(
        [value for column in columns for value in column]
        for columns in zip(*(part.columns for part in parts), strict=True)
    )
    return Instances(columns, sum(part.count for part in parts))
