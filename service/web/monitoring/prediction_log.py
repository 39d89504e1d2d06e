"""A file of requests and answers, for audits and for training: off by default.

No request waits for it: each leaves its bytes, of which a thread makes lines a few
times a second. Lines that a full or a slow disk does not take are counted.
"""

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from service.model.artefact.manifest import Manifest
from service.model.contract.column_form import list_rows
from service.settings import Settings, SettingsError
from service.web.monitoring.counts import COUNTS_LOCK
from service.web.monitoring.log_queue import LogEntry, LogQueue
from service.web.monitoring.metric_kinds import Counter
from service.web.monitoring.metrics import Drop
from service.web.monitoring.rotated_file import RotatedFile
from service.web.request import RequestContext

logger = logging.getLogger("service")

LOST = "prediction_log_lost"
WRITTEN = "prediction_log_written"

# No request wakes the thread, which would cost it more than all else here.
SECONDS_BETWEEN_WRITES = 0.1
BATCH_BYTES = 2**20
# Some 0.1 milliseconds, for which requests may have to wait.
LINES_AT_ONCE = 16
# For which a worker that ends waits for a disk that hangs.
MAX_END_SECONDS = 2.0


class PredictionLog:
    """Writes a share of the predictions to a file of this process's own."""

    def __init__(
        self, file: RotatedFile, share: float, manifest: Manifest, dropped: Counter
    ) -> None:
        self._file = file
        self._batch_bytes = min(file.max_bytes, BATCH_BYTES)
        self._share = share
        self._model = {"model": manifest.name, "version": manifest.version}
        self._dropped = dropped
        self._queue = LogQueue()
        self._starting = threading.Lock()
        self._is_started = False
        self._is_ending = threading.Event()
        self._is_losing = False

    def offer(self, call: RequestContext) -> None:
        """Take a prediction that is about to be answered, if it is of the share."""
        is_answered = call.predictions is not None and call.status == 200
        if not is_answered or random.random() >= self._share:  # noqa: S311 - no secret
            return
        client = call.client.name if call.client else None
        own = (call.own_request(), call.own_answer())
        entry = LogEntry(time.time(), call.request_id, client, *own)
        if not self._queue.put(entry):
            self._drop("queue_full", 1)
        if not self._is_started:  # not before: this process may have forked
            self._start()

    def _start(self) -> None:
        with self._starting:
            if not self._is_started:
                self._is_started = True
                writer = threading.Thread(target=self._run, daemon=True)
                writer.start()
                atexit.register(self._end, writer)

    def _end(self, writer: threading.Thread) -> None:
        """Let what waits be written, unless the disk hangs."""
        self._is_ending.set()
        writer.join(MAX_END_SECONDS)

    def _run(self) -> None:
        while not self._is_ending.wait(SECONDS_BETWEEN_WRITES):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        """Write whatever waits now, many lines at a time."""
        batch: list[bytes] = []
        size = 0
        for line in self._form_lines():
            if size + len(line) > self._batch_bytes:
                self._write(batch)
                batch, size = [], 0
            batch.append(line)
            size += len(line)
            if len(batch) % LINES_AT_ONCE == 0:
                time.sleep(0)  # requests come first
        self._write(batch)

    def _form_lines(self) -> Iterator[bytes]:
        while entry := self._queue.take():
            line = self._form(entry)
            if line is None:
                self._drop("unreadable", 1)
            elif len(line) > self._file.max_bytes:
                self._drop("too_long", 1)
            else:
                yield line

    def _form(self, entry: LogEntry) -> bytes | None:
        """Return the line, or None where what was read cannot be written."""
        try:
            predictions = list_rows(orjson.loads(entry.response)["predictions"])
            request = orjson.loads(entry.request)
            return orjson.dumps(
                {
                    "time": datetime.fromtimestamp(entry.time, UTC),
                    "request_id": entry.request_id,
                    "client": entry.client,
                    **self._model,
                    "instances": _list_instances(request, len(predictions)),
                    "predictions": predictions,
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
        except (ValueError, TypeError):
            return None

    def _write(self, batch: list[bytes]) -> None:
        """Write lines; log when they begin to be lost, and when that is over."""
        if not batch:
            return
        try:
            self._file.write(b"".join(batch))
        except OSError as error:
            self._drop("disk", len(batch))
            if not self._is_losing:
                logger.warning(LOST, extra={"reason": error.strerror})
            self._is_losing = True
        else:
            if self._is_losing:
                logger.info(WRITTEN)
            self._is_losing = False

    def _drop(self, reason: Drop, lines: int) -> None:
        with COUNTS_LOCK:
            self._dropped[reason].add(lines)


def _list_instances(document: dict[str, Any], count: int) -> list[Any]:
    """Return the instances of a request that has them by row or by column.

    An ignored column may be no list, or one of another length.
    """
    if "instances" in document:
        instances: list[Any] = document["instances"]
        return instances
    columns = document["columns"].items()
    return list_rows(
        {k: v for k, v in columns if isinstance(v, list) and len(v) == count}
    )


def build_prediction_log(
    settings: Settings, manifest: Manifest, dropped: Counter
) -> PredictionLog | None:
    """Build the log that is wanted, if one is. Raises SettingsError."""
    path = settings.prediction_log
    if path is None:
        return None
    folder = path.parent
    is_writable = os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()
    if not is_writable or path.is_dir():
        raise SettingsError(
            f"SERVICE_PREDICTION_LOG {path} is no file in a folder to write in."
        )
    file = RotatedFile(path, settings.prediction_log_max_bytes)
    return PredictionLog(file, settings.prediction_log_sample, manifest, dropped)
