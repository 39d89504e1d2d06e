"""One command at a time: the kernel frees the lock of one that has died."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from rolling.docker import RolloutError


class LockedError(RolloutError):
    """Another command is at it."""


@contextlib.contextmanager
def hold_lock(path: Path, what: str) -> Iterator[None]:
    """Hold the lock, which says what is being done. Raises LockedError."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LockedError(f"A command is running: {file.read()}.") from None
        file.truncate(0)
        file.write(f"{what} (process {os.getpid()})")
        file.flush()
        yield
        file.truncate(0)


def is_locked(path: Path) -> bool:
    """Return whether a command is running."""
    try:
        with hold_lock(path, "looking"):
            return False
    except LockedError:
        return True
