"""A worker's end: hands a share of its requests over to the shadow.

No answer waits for that. What does not go at once is dropped and counted, and the
shadow acknowledges what it has done with, so that little waits for it.
"""

import logging
import random
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from service.web.monitoring.counts import COUNTS_LOCK
from service.web.request import RequestContext
from service.web.shadow.handover import Handover
from service.web.shadow.metrics import DROPS, Drop, ShadowInstruments

logger = logging.getLogger("service")

DROPPING = "shadow_dropping"
SECONDS_BETWEEN_LINES = 60.0

# What may wait of a worker: requests, a tenth of a second of 5,000 a second at a sample
# of 0.1; and bytes, and one request more.
MAX_WAITING = 64
MAX_WAITING_BYTES = 8 * 2**20


class Sender:
    """Hands over to the process that listens at a path, if one does."""

    def __init__(
        self, path: Path, share: float, instruments: ShadowInstruments
    ) -> None:
        self._path = path
        self._share = share
        self._dropped = instruments.dropped
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._waiting: deque[int] = deque()
        self._waiting_bytes = 0
        self._next_line = 0.0
        for reason in DROPS:
            self._dropped[reason].add(0)

    def offer(self, call: RequestContext) -> None:
        """Take a prediction that is about to be answered, if it is of the share."""
        is_answered = call.predictions is not None and call.status == 200
        if not is_answered or random.random() >= self._share:  # noqa: S311 - no secret
            return
        stages = call.stages
        seconds = stages.get("validate", 0.0) + stages.get("predict", 0.0)
        # The shadow answers in the service's own form, and is compared in it.
        handover = Handover(call.own_request(), call.own_answer(), seconds)
        if not self._lock.acquire(blocking=False):  # another thread hands over
            self._drop("queue_full", 1)
            return
        try:
            self._send(handover)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the connection; what waits there is lost."""
        if self._waiting:
            self._drop("lost", len(self._waiting))
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, handover: Handover) -> None:
        try:
            connection = self._find_connection()
            if not self._has_room():
                self._drop("queue_full", 1)
                return
            handover.send(connection)
        except (ConnectionError, FileNotFoundError):
            self._drop("away", 1)
            self.close()
        except OSError:  # no room for it, or no descriptor
            self._drop("queue_full", 1)
        else:
            self._waiting.append(handover.size)
            self._waiting_bytes += handover.size

    def _has_room(self) -> bool:
        is_long = len(self._waiting) >= MAX_WAITING
        return not is_long and self._waiting_bytes <= MAX_WAITING_BYTES

    def _find_connection(self) -> socket.socket:
        """Return a connection that lasts. Raises OSError where nobody listens."""
        if self._connection is not None:
            try:
                self._forget_done(self._connection)
            except ConnectionError:  # that shadow has ended
                self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.setblocking(False)
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        return connection

    def _forget_done(self, connection: socket.socket) -> None:
        """Read what is acknowledged. Raises ConnectionError where the shadow ended."""
        with suppress(BlockingIOError):
            while acknowledged := connection.recv(MAX_WAITING):
                for _ in acknowledged:
                    self._waiting_bytes -= self._waiting.popleft()
            raise ConnectionResetError

    def _drop(self, reason: Drop, requests: int) -> None:
        with COUNTS_LOCK:
            self._dropped[reason].add(requests)
        now = time.monotonic()
        if now >= self._next_line:
            self._next_line = now + SECONDS_BETWEEN_LINES
            logger.warning(DROPPING, extra={"reason": reason})
