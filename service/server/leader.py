"""Leader and follower: one thread runs the event loop, and also answers.

A leader that answers a request is mostly back before a follower could have been woken.
If an answer takes longer than 10 milliseconds, a follower takes over the loop.
"""

import math
import threading
import time
from dataclasses import dataclass

# How long an answer can keep the event loop waiting. One follower checks as often
# whether it does, which costs some 10 microseconds.
PATIENCE_SECONDS = 0.01


@dataclass(slots=True)
class Baton:
    """The right to run the event loop, and time.monotonic() since it is unused."""

    since: float = math.inf


class Leadership:
    """Passes the event loop from thread to thread."""

    def __init__(self) -> None:
        self._watch = threading.Lock()
        self._guard = threading.Lock()
        self._baton = Baton(since=-math.inf)

    def wait(self) -> Baton:
        """Wait until this thread is the leader."""
        with self._watch:  # one follower watches for all
            while True:
                with self._guard:
                    if time.monotonic() - self._baton.since > PATIENCE_SECONDS:
                        self._baton = Baton()
                        return self._baton
                time.sleep(PATIENCE_SECONDS)

    def leave(self, baton: Baton) -> None:
        """Leave the event loop for a request."""
        baton.since = time.monotonic()

    def come_back(self, baton: Baton) -> bool:
        """Return True if this thread is still the leader."""
        with self._guard:
            if self._baton is not baton:
                return False
            baton.since = math.inf
            return True
