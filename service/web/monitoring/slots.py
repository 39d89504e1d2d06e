"""Where a process counts: in files that outlive it, under a number that it hands on.

prometheus-client keeps the counts of each process in mapped files, and a scrape adds
them up. Named by pid they would grow with every worker that ever was. So a worker is
given the lowest number that is free, and counts on where its predecessor stopped:
there are no more files than workers at a time, and no counter falls.
"""

import atexit
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from fcntl import LOCK_SH, flock
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from prometheus_client.multiprocess import mark_process_dead

from service.mapped_file import try_lock
from service.settings import SettingsError
from service.web.access.table import find_memory
from service.web.monitoring.counts import Counts

SUFFIX = ".metrics"
NO_SLOT = -1


def find_free_slot(taken: Iterable[int]) -> int:
    """Return the lowest number that is not taken."""
    held = set(taken)
    return next(number for number in count() if number not in held)


def end_slot(number: int) -> None:
    """Forget what a process said of itself that is dead; what it counted stays."""
    mark_process_dead(number, str(open_folder()))


@cache
def open_counts() -> Counts:
    """Return the counts of this process: under no worker's number, until it has one.

    Its pid may be one: in a container the master's is 1.
    """
    return Counts(open_folder(), NO_SLOT)


@cache
def open_folder() -> Path:
    """Make the folder for the files of this process and its workers.

    It is locked for as long as one of them lives, and goes with this process, or where
    that was killed, with the next start. Raises SettingsError where none can be made.
    """
    prefix = f"model-service-{os.getuid()}-"
    try:
        memory = find_memory()
        for found in memory.glob(f"{prefix}*{SUFFIX}"):
            _remove_abandoned(found)
        made = Path(mkdtemp(prefix=prefix, dir=memory))
        flock(os.open(made, os.O_RDONLY | os.O_CLOEXEC), LOCK_SH)
        folder = made.rename(made.with_suffix(SUFFIX))
    except OSError as error:
        raise SettingsError(
            f"There is no folder to count in for the metrics: {error.strerror}."
        ) from None
    atexit.register(_remove_own, folder, os.getpid())
    return folder


def _remove_abandoned(folder: Path) -> None:
    """Remove a folder whose processes are all dead: then nobody holds its lock."""
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
    """Remove the folder where its owner ends, and not where a worker does."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
