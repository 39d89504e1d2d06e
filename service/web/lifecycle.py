"""What the process server tells the service of its workers, from their start to end."""

from service.model.drift.windows import Counting
from service.web.access.keyring import Keyring
from service.web.monitoring.metrics import Metrics
from service.web.monitoring.worker_gauges import WorkerGauges
from service.web.readiness import Readiness


class Lifecycle:
    """A worker begins, says how it is, stops, and is counted once it has ended."""

    def __init__(
        self,
        readiness: Readiness,
        keyring: Keyring,
        metrics: Metrics,
        gauges: WorkerGauges,
        counting: Counting | None,
    ) -> None:
        self._readiness = readiness
        self._keyring = keyring
        self._metrics = metrics
        self._gauges = gauges
        self._counting = counting

    def begin(self, slot: int) -> None:
        """Prove the worker of this slot by itself, before it takes a request."""
        if self._counting is not None:
            self._counting.take_slot(slot)
        self._keyring.begin_worker()
        self._readiness.prove()
        self._gauges.set_all(in_flight=0)

    def tell(self, in_flight: int) -> None:
        """Say how this worker is, with so many requests to answer."""
        self._gauges.set_all(in_flight)

    def drain(self) -> None:
        """Say that this worker is about to stop."""
        self._readiness.drain()

    def end(self) -> None:
        """Count a worker that ended, in the process that replaces it."""
        self._metrics.count_exit()
