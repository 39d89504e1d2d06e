"""The gauges of a worker, which it sets a few times a second, and which go with it."""

import os
from pathlib import Path

from service.web.access.keyring import Keyring
from service.web.access.limits import Limits
from service.web.access.storage import PLACES
from service.web.monitoring.counts import COUNTS_LOCK
from service.web.monitoring.metrics import Instruments
from service.web.monitoring.worker_slots import open_counts
from service.web.readiness import Readiness

# Its second number is that of the pages in memory; only Linux has it.
STATM = Path("/proc/self/statm")
KERNEL_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class WorkerGauges:
    """How a worker is, how much it has to do, and how large it is."""

    def __init__(
        self,
        instruments: Instruments,
        readiness: Readiness,
        keyring: Keyring,
        limits: Limits,
    ) -> None:
        self._instruments = instruments
        self._readiness = readiness
        self._keyring = keyring
        self._limits = limits

    def set_all(self, in_flight: int) -> None:
        instruments = self._instruments
        self._keyring.refresh()  # also in a worker without requests
        with COUNTS_LOCK:
            instruments.workers.unlabelled.set(1)
            instruments.ready.unlabelled.set(self._readiness.is_ready)
            instruments.mismatches.unlabelled.set(self._readiness.is_mismatched)
            instruments.in_flight.unlabelled.set(in_flight)
            instruments.keys_refused.unlabelled.set(self._keyring.is_refused)
            for place in PLACES:
                instruments.storage[place].set(place == self._limits.place)
            if STATM.exists():
                pages = int(STATM.read_text().split()[1])
                instruments.memory[open_counts().slot].set(pages * KERNEL_PAGE_BYTES)
