"""Files of whole lines that never grow past their bound.

Each process writes its own, with the lowest number that no other holds: so none waits
for another, and there are no more files than processes at a time. The standard
library's RotatingFileHandler counts characters, and leaves half a line where a disk is
full.
"""

import os
from itertools import count
from pathlib import Path

from service.mapped_file import try_lock

# Readable, too: the last line may be unfinished after a crash.
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class RotatedFile:
    """A file such as `lines.0.jsonl`, of at most `max_bytes`.

    Older lines are in `lines.0.old.jsonl`, and older ones still are gone. Every method
    may raise OSError, and the next call tries anew.
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
            self._held.replace(_insert(self._held, "old"))
            descriptor = self._open()
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            self._take_back(descriptor)
            raise
        self._size += len(lines)

    def _take_back(self, descriptor: int) -> None:
        """Cut off the part that was written of lines that did not all fit.

        If that fails, too, the file is opened anew, which ends an unfinished line.
        """
        try:
            os.ftruncate(descriptor, self._size)
        except OSError:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        """Return the file that is held, or another if that was moved or removed."""
        if self._descriptor is None or not _is_at(self._held, self._descriptor):
            self._close()
            paths = (_insert(self._path, number) for number in count())
            taken = next(filter(None, map(_take, paths)))
            self._held, self._descriptor, self._size = taken
        return self._descriptor


def _insert(path: Path, mark: object) -> Path:
    return path.with_name(f"{path.stem}.{mark}{path.suffix}")


def _take(path: Path) -> tuple[Path, int, int] | None:
    """Return a file, its descriptor and its size, or None if another process has it."""
    descriptor = os.open(path, FLAGS, 0o600)
    try:
        if try_lock(descriptor) and _is_at(path, descriptor):
            return path, descriptor, _end_line(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _end_line(descriptor: int) -> int:
    """End a line that was left unfinished, and return the size."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        size += os.write(descriptor, b"\n")
    return size


def _is_at(path: Path, descriptor: int) -> bool:
    """Return True if an open file still lies at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
