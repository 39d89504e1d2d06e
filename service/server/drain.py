"""How a worker ends: it takes new work while balancers notice, and finishes it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.server.limits import WorkerLimits

# On a connection that is idle, a request may be on its way already.
LINGER_SECONDS = 2.0


@dataclass(frozen=True)
class Drain:
    """When what happens, by time.monotonic().

    From `closes` on no connection is accepted, from `idle_end` on none is kept that
    is idle, and at `end` nothing is waited for any more.
    """

    closes: float
    idle_end: float
    end: float


def plan_drain(limits: WorkerLimits, now: float, *, is_stopping: bool) -> Drain:
    """Plan the end of a worker.

    One that retires while the service goes on is not missed: it takes no more.
    """
    closes = now + (limits.lame_duck_seconds if is_stopping else 0.0)
    return Drain(closes, closes + LINGER_SECONDS, closes + limits.grace_seconds)


def is_held(listener: Any, process: int) -> bool:
    """Return True if a process listens on: a master that stops does not."""
    inode = os.fstat(listener.fileno()).st_ino
    try:
        held = [os.readlink(fd) for fd in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:
        return False
    return f"socket:[{inode}]" in held
