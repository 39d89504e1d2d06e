"""A request from its last byte to its answer, by a thread or by the event loop."""

import threading
import time

from service.server.connection import Connection
from service.server.request import Request


class HttpExchange:
    """A request, and whether it is answered.

    A thread answers it, or the event loop once the deadline has passed: whichever
    claims it first. Times are of time.monotonic(); `begun` is when a thread took it.
    """

    def __init__(
        self, connection: Connection, request: Request, seconds: float
    ) -> None:
        connection.begin(request)
        self.connection = connection
        self.request = request
        self.arrived = time.monotonic()
        if request.timeout_ms is not None:
            seconds = min(seconds, request.timeout_ms / 1000)
        self.deadline = self.arrived + seconds
        self.begun: float | None = None
        self.thread: int | None = None
        self._claimed = threading.Lock()

    def begin(self) -> None:
        """Note that this thread takes it."""
        self.thread = threading.get_ident()
        self.begun = time.monotonic()

    def claim(self) -> bool:
        """Return True for the first caller alone, whose answer is the one to send."""
        return self._claimed.acquire(blocking=False)

    @property
    def is_answered(self) -> bool:
        return self._claimed.locked()
