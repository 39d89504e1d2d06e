"""The hooks that the process server calls, from the start of a worker to its end."""

from dataclasses import dataclass

from service.model.device.client import ENDED, DeviceClient
from service.model.drift.windows import DriftMonitor
from service.web.access.keyring import Keyring
from service.web.monitoring.request_metrics import Metrics
from service.web.monitoring.worker_gauges import WorkerGauges
from service.web.readiness import Readiness
from service.web.shadow.shadowing import Shadowing


@dataclass(frozen=True)
class Lifecycle:
    """What a worker does at its start, at each tick and at its end."""

    readiness: Readiness
    keyring: Keyring
    metrics: Metrics
    gauges: WorkerGauges
    drift: DriftMonitor | None
    shadowing: Shadowing | None
    device: DeviceClient | None

    def begin(self, slot: int) -> None:
        """Prove the worker of this slot by itself, before it takes a request."""
        if self.drift is not None:
            self.drift.take_slot(slot)
        self.keyring.begin_worker()
        self.readiness.prove()
        self.gauges.set_all(in_flight=0)
        if self.shadowing is not None:
            self.shadowing.keeper.begin()

    @property
    def is_over(self) -> bool:
        """Whether this worker has to end: what it asks for its answers is gone."""
        if self.device is None or not self.device.is_lost:
            return False
        if self.readiness.is_ready:
            self.readiness.fail(ENDED)
        return True

    def publish(self, in_flight: int) -> None:
        """Publish the gauges of this worker, which has `in_flight` requests."""
        self.gauges.set_all(in_flight)

    def drain(self) -> None:
        """Be ready no more: this worker is about to stop."""
        self.readiness.drain()

    def end(self) -> None:
        """Count a worker that ended, in the process that replaces it."""
        self.metrics.count_exit()
