"""Files of whole lines that never grow past their bound.

Each process writes one of its own, the lowest number that nobody holds: so none waits
for another, and there are no more of them than processes at a time.
"""

import os
from itertools import count
from pathlib import Path

from service.mapped_file import try_lock

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
            self._take_back(descriptor)
            raise
        self._size += len(lines)

    def _take_back(self, descriptor: int) -> None:
        """Cut off what was written of lines that did not all find room.

        Where that fails, too, the file is opened anew: that ends an unfinished line.
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
        """Return the file that is held, or another where that was moved or removed."""
        if self._descriptor is not None and _is_at(self._held, self._descriptor):
            return self._descriptor
        self._close()
        numbers = count()
        while True:
            path = self._number(next(numbers), self._path)
            taken = _take(path)
            if taken is not None:
                self._held, (self._descriptor, self._size) = path, taken
                return self._descriptor

    @staticmethod
    def _number(number: object, path: Path) -> Path:
        return path.with_name(f"{path.stem}.{number}{path.suffix}")


def _take(path: Path) -> tuple[int, int] | None:
    """Return the descriptor and the size of a file, or None if it is another's."""
    descriptor = os.open(path, FLAGS, 0o600)
    is_taken = False
    try:
        if not (try_lock(descriptor) and _is_at(path, descriptor)):
            return None
        size = _end_line(descriptor)
        is_taken = True
        return descriptor, size
    finally:
        if not is_taken:
            os.close(descriptor)


def _end_line(descriptor: int) -> int:
    """End a line that was left unfinished, and return the size."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        size += os.write(descriptor, b"\n")
    return size


def _is_at(path: Path, descriptor: int) -> bool:
    """Say whether an open file lies at a path still."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
