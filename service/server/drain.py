"""How a worker ends: it takes new work while balancers notice, and finishes it."""

import os
from pathlib import Path
from typing import Any

from service.settings import Settings

# On a connection that is idle, a request may be on its way already.
LINGER_SECONDS = 2.0


class Drain:
    """When what happens, by time.monotonic().

    From `closes` on no connection is accepted, from `idle_end` on none is kept that
    is idle, and at `end` nothing is waited for any more. A worker that retires while
    the service goes on is not missed, and accepts none at once.
    """

    def __init__(self, settings: Settings, now: float, *, is_stopping: bool) -> None:
        self.closes = now + (settings.lame_duck_seconds if is_stopping else 0.0)
        self.idle_end = self.closes + LINGER_SECONDS
        self.end = self.closes + settings.grace_seconds


def is_held(listener: Any, process: int) -> bool:
    """Return True if a process listens on: a master that stops does not."""
    inode = os.fstat(listener.fileno()).st_ino
    try:
        held = [os.readlink(fd) for fd in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:
        return False
    return f"socket:[{inode}]" in held
