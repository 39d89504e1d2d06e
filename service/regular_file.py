"""Regular files, opened without waiting.

Opening a named pipe waits for its other end, maybe for ever, and reading a device may
never end.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}

READ = os.O_RDONLY
# A terminal that is opened could become this process's own.
ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class IrregularFileError(OSError):
    """A path leads to no regular file; `strerror` says to what, and what to do."""

    def __init__(self, mode: int, path: str) -> None:
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        sentence = f"it is {kind}; put a regular file in its place"
        super().__init__(errno.EINVAL, sentence, path)


def read_regular(path: Path) -> bytes:
    """Read a file whole. Raises OSError."""
    with open(path, "rb", opener=open_regular) as file:
        return file.read()


def open_regular(path: str, flags: int = READ, mode: int = 0o600) -> int:
    """Open a file as os.open does, or as an opener of open(). Raises OSError."""
    # Before, since opening a device may set it going, and after, in case of a change.
    with suppress(FileNotFoundError):
        _refuse_irregular(os.stat(path), path)
    descriptor = os.open(path, flags | ALWAYS, mode)
    try:
        _refuse_irregular(os.fstat(descriptor), path)
    except IrregularFileError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_irregular(found: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise IrregularFileError(found.st_mode, path)
