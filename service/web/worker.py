"""The gunicorn worker: threads, with new connections spread over the workers."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# A worker that is idle needs some 50 microseconds to wake and take a connection.
HEAD_START_SECONDS = 30e-6
MOST_HEAD_STARTS = 10


class BalancedWorker(ThreadWorker):  # type: ignore[misc]
    """Reaches for a new connection the later, the more it has.

    All workers are woken by a new connection, and the first to reach for it keeps it
    for as long as the client does. One that is awake already may so end up with all:
    of two workers with 16 connections, one then answers 1,200 requests a second and
    the other none, instead of 3,700 together.
    """

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless a worker with fewer of them was first."""
        if self.nr_conns:
            time.sleep(HEAD_START_SECONDS * min(self.nr_conns, MOST_HEAD_STARTS))
        super().accept(listener)
