"""Instances counted by windows of time, in files that outlive a killed worker.

A file has two banks: one for the current window, one for the previous. The first word
of a bank is the second at which its window ends, and the others are the cells.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
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
class Window:
    """The drift of the instances from one moment to another, in ISO 8601.

    `cells` are their counts by the cells of each histogram, the features' first.
    """

    begins: str
    ends: str
    drift: Drift
    cells: Sequence[Sequence[int]] = ()


class DriftMonitor:
    """Counts instances and their predictions in a folder that all workers share.

    Windows tumble: they begin at multiples of their length since 1970, so that all
    processes have the same. `digest` distinguishes the files of models.
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
        self.histograms = histograms
        self._tally = Tally(histograms)
        self._bank_words = 1 + self._tally.width
        self._digest = digest[:12]
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        # The previous window is asked for again and again, and changes no more.
        self._measure_cells = lru_cache(maxsize=2)(self._measure_bytes)
        self.take_slot(slot)

    def take_slot(self, slot: int) -> None:
        """Count on under a number that no live process has.

        Where there is no room for it, the counts of this process are not seen.
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

    def count(self, instances: Instances, predictions: Predictions) -> Sequence[int]:
        """Count answered instances. Return the number of nulls by feature."""
        end = self._find_end()
        index = end // self.seconds % 2
        with self._lock:
            if self._banks[index][0] != end:
                self._begin_window(index, end)
            return self._tally.count(instances, predictions, self._cells[index])

    def measure(self) -> tuple[Window, Window]:
        """Return the current window and the previous one, of all workers."""
        end = self._find_end()
        return self._measure_window(end), self._measure_window(end - self.seconds)

    def measure_latest(self) -> Drift:
        """Return the drift of the later window that has instances enough, if any."""
        current, previous = (window.drift for window in self.measure())
        return previous if previous.features and not current.features else current

    def _find_end(self) -> int:
        return (int(self._clock()) // self.seconds + 1) * self.seconds

    def _begin_window(self, index: int, end: int) -> None:
        """Empty a bank. A worker killed meanwhile leaves it to no window."""
        bank = self._banks[index]
        bank[0] = 0
        np.frombuffer(self._cells[index], np.int64).fill(0)
        bank[0] = end

    def _measure_window(self, end: int) -> Window:
        cells = np.zeros(self._tally.width, np.int64)
        for path in self._folder.glob(f"{self._digest}_*.{SUFFIX}"):
            words = np.frombuffer(path.read_bytes(), np.int64)
            for bank in words.reshape(-1, self._bank_words):
                if bank[0] == end:
                    cells += bank[1:]
        begins, ends = _format_second(end - self.seconds), _format_second(end)
        parts = self._tally.split(cells.tolist())
        return Window(begins, ends, self._measure_cells(cells.tobytes()), parts)

    def _measure_bytes(self, cells: bytes) -> Drift:
        parts = self._tally.split(np.frombuffer(cells, np.int64).tolist())
        return measure_drift(self.histograms, parts, self.minimum_count)


def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
