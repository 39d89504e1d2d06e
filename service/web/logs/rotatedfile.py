"""Files of whole lines that never grow past their bound.

Each process writes one of its own, the lowest number that nobody holds: so none waits
for another, and there are no more of them than processes at a time.
"""

import os
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from itertools import count
from pathlib import Path

# To be read, too: a line may be unfinished where the machine stopped.
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class RotatedFile:
    """A file such as `lines.0.jsonl`, of at most `max_bytes`.

    The lines before lie in `lines.0.old.jsonl`, and those before them are gone. Every
    method may raise OSError, and the next call tries anew.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self.max_bytes = max_bytes
        self._descriptor: int | None = None
        self._held = path
        self._size = 0

    def write(self, lines: bytes) -> None:
        """Write lines, of `max_bytes` at most: all of them, or none."""
        descriptor = self._open()
        if self._size and self._size + len(lines) > self.max_bytes:
            self._held.replace(self._number("old", self._held))
            descriptor = self._open()
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            raise
        self._size += len(lines)

    def _open(self) -> int:
        """Return the file that is held, or another where that was moved or removed."""
        if self._descriptor is not None and _is_at(self._held, self._descriptor):
            return self._descriptor
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        for number in count():
            path = self._number(number, self._path)
            descriptor = os.open(path, FLAGS, 0o600)
            if _hold(path, descriptor):
                break
            os.close(descriptor)
        self._descriptor, self._held = descriptor, path
        self._size = os.fstat(descriptor).st_size
        if self._size and os.pread(descriptor, 1, self._size - 1) != b"\n":
            self._size += os.write(descriptor, b"\n")
        return descriptor

    @staticmethod
    def _number(number: object, path: Path) -> Path:
        return path.with_name(f"{path.stem}.{number}{path.suffix}")


def _hold(path: Path, descriptor: int) -> bool:
    """Say whether a file is this process's now, for as long as it is open."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return _is_at(path, descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Say whether an open file lies at a path still."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
