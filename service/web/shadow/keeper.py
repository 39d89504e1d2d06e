"""Starts the shadow's process, and starts it again when it ends.

One process for all workers of a server: the worker that holds a lock keeps it, and
where that worker ends, the next one does, with the same process. gunicorn's master has
no part in it: it starts, reloads and stops as it does without a shadow.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from service.mapped_file import open_shared, try_lock
from service.web.monitoring.counts import COUNTS_LOCK
from service.web.monitoring.worker_slots import end_slot
from service.web.shadow.metrics import EXITS, SHADOW_SLOT, Exit, ShadowInstruments

logger = logging.getLogger("service")

STARTED = "shadow_started"
ENDED = "shadow_ended"

SOURCE = Path(__file__).parents[3]

# While it starts. Of a processor that a worker wants, too, the kernel gives it a tenth
# of what that gets: 110 to 1024, by sched_prio_to_weight in kernel/sched/core.c.
NICENESS = 10

SECONDS_BETWEEN_LOOKS = 1.0
# One that has run for so long is started again at once; else after 1, 3, 7 and at last
# 60 seconds, since a start takes more than one of a processor.
SOUND_SECONDS = 60.0
MAX_PAUSE_SECONDS = 60.0

# The statuses with which it ends by itself; 1 is Python's for whatever is not caught.
NOT_READY_STATUS = 3
MEMORY_STATUS = 4

REASONS: dict[int, Exit] = {
    -signal.SIGKILL: "killed",
    -signal.SIGALRM: "timeout",
    NOT_READY_STATUS: "not_ready",
    MEMORY_STATUS: "memory",
}


class Keeper:
    """Keeps the shadow of a server, whose files are in a folder.

    It is made before workers are forked. The shadow gets an end of a pipe whose other
    end is theirs and the master's: it ends when the last of them has.
    """

    def __init__(self, folder: Path, instruments: ShadowInstruments) -> None:
        self._folder = folder
        self._lock = folder / "shadow.lock"
        self._exits = instruments.exits
        self._alive, self._held = os.pipe()
        self._failures = 0
        for reason in EXITS:
            self._exits[reason].add(0)

    def begin(self) -> None:
        """Keep the shadow from now on, or stand by to do so, in a thread."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._keep()
            except OSError as error:
                logger.error(ENDED, extra={"reason": error.strerror})  # noqa: TRY400
                time.sleep(MAX_PAUSE_SECONDS)

    def _keep(self) -> None:
        """Keep the shadow once no other worker does. Raises OSError."""
        keeping = open_shared(self._folder / "shadow-keeper.lock")
        try:
            while not try_lock(keeping):
                time.sleep(SECONDS_BETWEEN_LOOKS)
            self._wait_for_former()
            while True:
                time.sleep(self._run_once())
        finally:
            os.close(keeping)

    def _wait_for_former(self) -> None:
        """Wait for the end of the shadow that a former keeper has started, if any."""
        lock = open_shared(self._lock)
        try:
            while not try_lock(lock):
                time.sleep(SECONDS_BETWEEN_LOOKS)
            has_ended = os.fstat(lock).st_size > 0
        finally:
            os.close(lock)
        if has_ended:
            self._note_end("unknown", None, 0.0)

    def _run_once(self) -> float:
        """Run the shadow to its end; return for how many seconds it is not to run."""
        begun = time.monotonic()
        status = self._start().wait()
        if time.monotonic() - begun > SOUND_SECONDS:
            self._failures = 0
        pause = min(2.0**self._failures - 1, MAX_PAUSE_SECONDS)
        self._failures += 1
        self._note_end(REASONS.get(status, "failed"), status, pause)
        return pause

    def _start(self) -> subprocess.Popen[bytes]:
        """Start it, with a lock that is free again when it has ended."""
        lock = open_shared(self._lock)
        path = filter(None, (str(SOURCE), os.environ.get("PYTHONPATH")))
        try:
            try_lock(lock)
            os.ftruncate(lock, 1)  # until its end is noted
            process = subprocess.Popen(  # noqa: S603 - no shell
                [
                    *(sys.executable, "-m", "service.shadow"),
                    *(str(self._folder), str(self._alive)),
                ],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
                stdin=subprocess.DEVNULL,
                pass_fds=(self._alive, lock),
                start_new_session=True,
            )
        finally:
            os.close(lock)
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        logger.info(STARTED, extra={"pid": process.pid})
        return process

    def _note_end(self, reason: Exit, status: int | None, pause: float) -> None:
        end_slot(SHADOW_SLOT)
        os.truncate(self._lock, 0)
        with COUNTS_LOCK:
            self._exits[reason].add()
        extra = {"reason": reason, "status": status, "seconds_to_start": pause}
        logger.warning(ENDED, extra=extra)
