"""How long a model takes, and so which requests may be predicted together."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A batch that took this many times longer than expected holds an instance that is slow
# in itself, for which the model may soon be asked again.
OUTLIER = 4

# How long such a batch is remembered.
MEMORY_SECONDS = 60.0

# No batch is held up that has not taken so long: no thread is to be woken for less.
LEAST_SECONDS = 0.01

# The share of the time until the first deadline of a batch that it may be expected to
# take. An estimate that is twice too small is still kept.
MAX_SHARE = 0.5

# How far an average moves towards what is new.
STEP = 0.2


class Pace:
    """Measures batches, in seconds. Threads share it: its figures are estimates."""

    def __init__(self) -> None:
        self._batch = 0.0
        self._instance = 0.0
        self._slowest = 0.0
        self._forget_at = 0.0  # time.monotonic()
        # The batches that are being predicted: by thread, their size and their begin.
        self._running: dict[int, tuple[int, float]] = {}

    @contextmanager
    def measure(self, count: int) -> Iterator[None]:
        """Note how long the prediction of a batch takes, in this thread."""
        thread, begin = threading.get_ident(), time.monotonic()
        self._running[thread] = count, begin
        try:
            yield
        finally:
            del self._running[thread]
            self.note(count, time.monotonic() - begin)

    def note(self, count: int, seconds: float) -> None:
        """Note how long a batch of `count` instances took."""
        bound = self._bound(count)
        if self._batch and seconds > bound:
            self._remember(seconds)
            seconds = bound  # it says little about the next, unless others follow
        if not self._batch:
            self._batch, self._instance = seconds, seconds / max(1, count)
        self._batch += (seconds - self._batch) * STEP
        self._instance += (seconds / max(1, count) - self._instance) * STEP

    def allows(self, count: int, seconds: float) -> bool:
        """Return True if a batch of `count` instances will take far less time."""
        expected = self._instance * count
        is_recent = time.monotonic() <= self._forget_at
        if is_recent and self._slowest > self._bound(count):  # still out of the usual
            expected = self._slowest
        return expected <= MAX_SHARE * seconds

    def is_held(self) -> bool:
        """Return True if each batch that is being predicted takes far too long."""
        now = time.monotonic()
        running = list(self._running.values())
        return bool(running) and all(
            now - begin > max(LEAST_SECONDS, self._bound(count))
            for count, begin in running
        )

    def _bound(self, count: int) -> float:
        """Return the seconds beyond which a batch has something slow in it."""
        return OUTLIER * max(self._batch, self._instance * count)

    def _remember(self, seconds: float) -> None:
        now = time.monotonic()
        is_recent = now <= self._forget_at
        self._slowest = max(seconds, self._slowest) if is_recent else seconds
        self._forget_at = now + MEMORY_SECONDS
