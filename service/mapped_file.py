"""Files that processes share: mapped as memory, or locked.

All memory is reserved when a file is mapped. Where there is no room for it, that is an
OSError there and then; the first write to such a page would kill the process (SIGBUS).
"""

import mmap
import os
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from service.regular_file import open_regular


def open_shared(path: Path) -> int:
    """Open a file, created for this user alone. Raises OSError, also for a link."""
    return open_regular(str(path), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)


def map_file(path: Path, size: int) -> memoryview:
    """Map all of a file, grown to `size` bytes if it has fewer. Raises OSError.

    Its content outlives the process. Earlier maps of a file that grows stay valid.
    """
    descriptor = open_shared(path)
    try:
        return map_descriptor(descriptor, max(size, os.fstat(descriptor).st_size))
    finally:
        os.close(descriptor)  # the map keeps a duplicate


def map_descriptor(descriptor: int, size: int) -> memoryview:
    """Map the first `size` bytes of an open file. Raises OSError."""
    os.posix_fallocate(descriptor, 0, size)
    return memoryview(mmap.mmap(descriptor, size))


def map_memory(size: int) -> memoryview:
    """Map memory without a file, which this process shares with its forks."""
    return memoryview(mmap.mmap(-1, size))


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process and its forks; False if others hold it.

    The kernel frees the lock when the last of them has closed it, or was killed.
    """
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
