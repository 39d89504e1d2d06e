"""Files that only their owner writes."""

import errno
import os
import stat
from pathlib import Path
from tempfile import mkstemp

from service.regular_file import open_regular

# ssh refuses its own files by the same rule.
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class LooseModeError(OSError):
    """Others may write a file; `strerror` says what that means, and what to do."""

    def __init__(self, mode: int, path: Path) -> None:
        sentence = (
            f"its group or others may write it (mode {stat.S_IMODE(mode):04o}), and so"
            f" let themselves in: look it through, then run chmod go-w {path}"
        )
        super().__init__(errno.EPERM, sentence, str(path))


def read_protected(path: Path) -> bytes:
    """Read a file that its owner alone may write, whole. Raises OSError.

    The mode that counts is that of the file, not of a link to it.
    """
    with open(path, "rb", opener=open_regular) as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & OTHERS_WRITE:
            raise LooseModeError(mode, path)
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads: whole, or not at all."""
    path = path.resolve()  # a link to it stays a link
    descriptor, staged = mkstemp(prefix=".key-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(staged, path)
    except OSError:  # such as that of a full disk, where it would stay
        os.unlink(staged)
        raise
