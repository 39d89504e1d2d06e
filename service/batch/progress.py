"""How far a run is: one line on a terminal, and a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TextIO

# How often there is a line where it stays.
TERMINAL_SECONDS, LOG_SECONDS = 0.2, 30.0


class Progress:
    """Tells of rows, their rate and the time left."""

    def __init__(
        self,
        stream: TextIO = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._is_terminal = stream.isatty()
        self._begin = self._told = clock()
        self._rows = self._new_rows = 0
        self._share = self._new_share = 0.0

    @property
    def seconds(self) -> float:
        """How long the run goes on."""
        return self._clock() - self._begin

    def add(self, rows: int, share: float, *, is_new: bool) -> None:
        """Tell of some rows more, a share of all, and whether they were scored now."""
        self._rows += rows
        self._share += share
        if is_new:
            self._new_rows += rows
            self._new_share += share
        now = self._clock()
        if now - self._told >= (TERMINAL_SECONDS if self._is_terminal else LOG_SECONDS):
            self._told = now
            end = "\x1b[K\r" if self._is_terminal else "\n"
            print(self._describe(), end=end, file=self._stream, flush=True)

    def _describe(self) -> str:
        seconds = max(self.seconds, 1e-9)
        told = (
            f"{self._rows:,} rows, {self._new_rows / seconds:,.0f} rows/s,"
            f" {min(self._share, 1):.0%}"
        )
        if not self._new_share:
            return told
        left = timedelta(seconds=round(seconds * (1 - self._share) / self._new_share))
        return f"{told}, {max(left, timedelta(0))} left"

    def close(self) -> None:
        """Leave the line of a terminal."""
        if self._is_terminal:
            print("\x1b[K", end="", file=self._stream, flush=True)
