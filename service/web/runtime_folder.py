"""Where the files of running servers are, and when they are removed.

They are in memory, in /dev/shm. The folder `model-service-UID-*.server` belongs to one
server: its counts for the metrics and the drift, and the keys that its workers read
last. It is locked while a process of that server lives, and removed when the server
ends or, if it was killed, when the next one starts.

The file `model-service-UID-*.limits` counts the limits of all servers of this host with
one key file. It stays until the machine is booted again, so that a restart gives no
client its budget back.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from fcntl import LOCK_SH, flock
from functools import cache
from pathlib import Path

from service.mapped_file import try_lock
from service.settings import SettingsError

SUFFIX = ".server"
PREFIX = f"model-service-{os.getuid()}-"


def find_memory() -> Path:
    """Return /dev/shm, or the folder of temporary files if there is none."""
    memory = Path("/dev/shm")  # noqa: S108 - the files' owners and modes are checked
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return memory if usable else Path(tempfile.gettempdir())


@cache
def open_folder() -> Path:
    """Create the folder of this process and its workers. Raises SettingsError."""
    try:
        memory = find_memory()
        for found in memory.glob(f"{PREFIX}*{SUFFIX}"):
            _remove_abandoned(found)
        created = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory))
        # Workers inherit the lock. The suffix comes after it: another server that
        # starts now would remove a folder that is not locked.
        flock(os.open(created, os.O_RDONLY | os.O_CLOEXEC), LOCK_SH)
        folder = created.rename(created.with_suffix(SUFFIX))
    except OSError as error:
        raise SettingsError(
            f"There is no folder to count in for the metrics: {error.strerror}."
        ) from None
    atexit.register(_remove_own, folder, os.getpid())
    return folder


def _remove_abandoned(folder: Path) -> None:
    """Remove a folder that no process has locked."""
    with suppress(FileNotFoundError):  # another start was faster
        if folder.lstat().st_uid != os.getuid():
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if try_lock(descriptor):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _remove_own(folder: Path, owner: int) -> None:
    """Remove the folder when its owner ends, and not when one of its workers does."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
