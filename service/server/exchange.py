"""A request from its last byte to its answer, by a thread or by the event loop."""

import threading
import time

from service.server.connection import Connection
from service.server.request import Request


class Exchange:
    """A request, and whichever answers it first.

    That is the thread that works on it, or the event loop once its time is over. Times
    are of time.monotonic(); `begun` is when a thread took it up.
    """

    def __init__(
        self, connection: Connection, request: Request, seconds: float
    ) -> None:
        self.connection = connection
        self.request = request
        self.arrived = time.monotonic()
        if request.timeout_ms is not None:
            seconds = min(seconds, request.timeout_ms / 1000)
        self.deadline = self.arrived + seconds
        self.begun: float | None = None
        self.thread: int | None = None
        self._answered = threading.Lock()

    def begin(self) -> None:
        """Note that this thread takes it up."""
        self.thread = threading.get_ident()
        self.begun = time.monotonic()

    def claim(self) -> bool:
        """Return True if the answer is for who asks to give: for the first alone."""
        return self._answered.acquire(blocking=False)

    @property
    def is_answered(self) -> bool:
        """Whether the answer has been claimed."""
        return self._answered.locked()
