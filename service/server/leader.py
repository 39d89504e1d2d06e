"""Whose turn it is to keep a worker's loop: one thread's at a time.

A thread that leaves the loop to answer a request holds on to the baton, and is mostly
back before anybody else could have been woken. Where it is not, another takes it over.
"""

import math
import threading
import time
from dataclasses import dataclass

# For so long an answer may keep the loop waiting. One thread looks as often whether it
# does, which takes it some 10 microseconds.
PATIENCE_SECONDS = 0.01


@dataclass(slots=True)
class Baton:
    """The right to keep the loop, and time.monotonic() since when it is not used."""

    since: float = math.inf


class Relay:
    """Passes the loop from thread to thread."""

    def __init__(self) -> None:
        self._watch = threading.Lock()
        self._guard = threading.Lock()
        self._baton = Baton(since=-math.inf)

    def wait(self) -> Baton:
        """Wait until it is this thread's turn."""
        with self._watch:  # one watches for all
            while True:
                with self._guard:
                    if time.monotonic() - self._baton.since > PATIENCE_SECONDS:
                        self._baton = Baton()
                        return self._baton
                time.sleep(PATIENCE_SECONDS)

    def leave(self, baton: Baton) -> None:
        """Leave the loop for a request."""
        baton.since = time.monotonic()

    def come_back(self, baton: Baton) -> bool:
        """Say whether the loop is still this thread's to keep."""
        with self._guard:
            if self._baton is not baton:
                return False
            baton.since = math.inf
            return True
