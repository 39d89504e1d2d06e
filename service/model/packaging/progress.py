"""What package() is at, printed where it takes longer than one waits for in silence."""

import sys
import threading
import time
from types import TracebackType

SILENT_SECONDS = 3.0


class Progress:
    """Prints the stage that is under way after 3 seconds, and each one after it."""

    def __init__(self, title: str, silent_seconds: float = SILENT_SECONDS) -> None:
        self._title = title
        self._stage = ""
        self._began = time.monotonic()
        self._silent_seconds = silent_seconds
        self._timer = threading.Timer(silent_seconds, self._show)
        self._timer.daemon = True

    def __enter__(self) -> "Progress":
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def begin(self, stage: str) -> None:
        """Begin a stage, such as "reading the table"."""
        self._stage = stage
        if time.monotonic() - self._began >= self._silent_seconds:
            self._show()

    def _show(self) -> None:
        seconds = time.monotonic() - self._began
        print(f"{self._title}: {self._stage} ({seconds:.0f} s)", file=sys.stderr)
