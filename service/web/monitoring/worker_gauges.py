"""What a worker says of itself, each time that its loop looks round."""

import os
from pathlib import Path

from service.web.access.keyring import Keyring
from service.web.access.limits import Limits
from service.web.access.storage import PLACES
from service.web.monitoring.catalogue import Instruments
from service.web.monitoring.counts import COUNTING
from service.web.monitoring.slots import open_counts
from service.web.readiness import Readiness

# Its second number is that of the pages in memory; only Linux has it.
STATM = Path("/proc/self/statm")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Vitals:
    """The gauges of a worker: what it says goes with it."""

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
        self._has_statm = STATM.exists()

    def tell(self, in_flight: int) -> None:
        """Say how this worker is, how much it has to do, and how large it is."""
        instruments = self._instruments
        self._keyring.refresh()  # a worker that nobody calls has to see it mended, too
        with COUNTING:
            instruments.workers.alone.set(1)
            instruments.ready.alone.set(self._readiness.is_ready)
            instruments.mismatches.alone.set(self._readiness.is_mismatched)
            instruments.in_flight.alone.set(in_flight)
            instruments.keys_refused.alone.set(self._keyring.is_refused)
            for place in PLACES:
                instruments.storage[place].set(place == self._limits.place)
            if self._has_statm:
                pages = int(STATM.read_text().split()[1])
                instruments.memory[open_counts().slot].set(pages * PAGE_BYTES)
