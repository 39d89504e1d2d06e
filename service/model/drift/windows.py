"""What came in, counted by windows of time, in files that outlive a killed worker.

A file has two banks, one of the window under way and one of that before it. The first
word of a bank is the second at which its window ends, and the others are the cells.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from service.mapped_file import map_file, map_memory
from service.model.contract.instances import Instances, Predictions
from service.model.drift.figures import Drift, measure_drift
from service.model.drift.histograms import Histograms
from service.model.drift.tally import Tally

logger = logging.getLogger("service")

DRIFT_LOST = "drift_lost"

WORD_BYTES = 8
SUFFIX = "windows"


@dataclass(frozen=True)
class Window(Drift):
    """The drift of what came in from one moment to another, in ISO 8601."""

    begins: str = ""
    ends: str = ""


@dataclass(frozen=True)
class Windows:
    """The window under way, and the one before it."""

    current: Window
    previous: Window

    @property
    def telling(self) -> Window:
        """The latest that has instances enough for figures, or the one under way."""
        is_early = self.current.verdict == "insufficient"
        return self.previous if is_early and self.previous.features else self.current


class Counting:
    """Counts instances and their predictions in a folder that all workers share.

    Tumbling windows, which begin at multiples of their length since 1970, so that all
    processes have the same. `digest` tells the files of one model from another's.
    """

    def __init__(  # noqa: PLR0913 - each is one thing to count by
        self,
        histograms: Histograms,
        digest: str,
        folder: Path,
        slot: int,
        *,
        seconds: int,
        minimum_count: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.seconds = seconds
        self.minimum_count = minimum_count
        self._histograms = histograms
        self._tally = Tally(histograms)
        self._bank_words = 1 + self._tally.width
        self._digest = digest[:12]
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        # That of the window before is asked for over and over, and changes no more.
        self._find_drift = lru_cache(maxsize=2)(self._measure_cells)
        self.take_slot(slot)

    def take_slot(self, slot: int) -> None:
        """Count on under a number that no live process has.

        Where there is no room for it, this process counts what nobody sees.
        """
        size = 2 * self._bank_words * WORD_BYTES
        try:
            memory = map_file(self._folder / f"{self._digest}_{slot}.{SUFFIX}", size)
        except OSError as error:
            logger.error(DRIFT_LOST, extra={"reason": error.strerror})  # noqa: TRY400
            memory = map_memory(size)
        words = memory.cast("q")
        self._banks = words[: self._bank_words], words[self._bank_words :]
        self._cells = tuple(bank[1:] for bank in self._banks)

    def count(self, instances: Instances, predictions: Predictions) -> None:
        """Count instances that were answered."""
        end = self._find_end()
        index = end // self.seconds % 2
        with self._lock:
            if self._banks[index][0] != end:
                self._begin(index, end)
            self._tally.count(instances, predictions, self._cells[index])

    def measure(self) -> Windows:
        """Return the drift of what all workers have counted."""
        end = self._find_end()
        return Windows(self._measure(end), self._measure(end - self.seconds))

    def _find_end(self) -> int:
        return (int(self._clock()) // self.seconds + 1) * self.seconds

    def _begin(self, index: int, end: int) -> None:
        """Empty a bank; whoever is killed meanwhile leaves one that is no window's."""
        bank = self._banks[index]
        bank[0] = 0
        np.frombuffer(self._cells[index], np.int64).fill(0)
        bank[0] = end

    def _measure(self, end: int) -> Window:
        cells = np.zeros(self._tally.width, np.int64)
        for path in self._folder.glob(f"{self._digest}_*.{SUFFIX}"):
            words = np.frombuffer(path.read_bytes(), np.int64)
            for bank in words.reshape(-1, self._bank_words):
                if bank[0] == end:
                    cells += bank[1:]
        return Window(
            **vars(self._find_drift(cells.tobytes())),
            begins=_format(end - self.seconds),
            ends=_format(end),
        )

    def _measure_cells(self, data: bytes) -> Drift:
        cells = np.frombuffer(data, np.int64).tolist()
        return measure_drift(
            self._histograms, self._tally.split(cells), self.minimum_count
        )


def _format(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
