"""The hooks that the process server calls, from the start of a worker to its end."""

from service.model.drift.windows import DriftMonitor
from service.web.access.keyring import Keyring
from service.web.monitoring.metrics import Metrics
from service.web.monitoring.worker_gauges import WorkerGauges
from service.web.readiness import Readiness


class Lifecycle:
    """What a worker does at its start, at each tick and at its end."""

    def __init__(
        self,
        readiness: Readiness,
        keyring: Keyring,
        metrics: Metrics,
        gauges: WorkerGauges,
        drift: DriftMonitor | None,
    ) -> None:
        self._readiness = readiness
        self._keyring = keyring
        self._metrics = metrics
        self._gauges = gauges
        self._drift = drift

    def begin(self, slot: int) -> None:
        """Prove the worker of this slot by itself, before it takes a request."""
        if self._drift is not None:
            self._drift.take_slot(slot)
        self._keyring.begin_worker()
        self._readiness.prove()
        self._gauges.set_all(in_flight=0)

    def publish(self, in_flight: int) -> None:
        """Publish the gauges of this worker, with so many requests in flight."""
        self._gauges.set_all(in_flight)

    def drain(self) -> None:
        """Be ready no more: this worker is about to stop."""
        self._readiness.drain()

    def end(self) -> None:
        """Count a worker that ended, in the process that replaces it."""
        self._metrics.count_exit()
