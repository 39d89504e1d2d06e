"""A caller's connection, and each request on it from its last byte to its answer."""

import socket
import threading
import time
from typing import Any, Literal

from service.web.worker.framing import Frame, Framer

# The first read takes a usual request whole, and of a large one what it is judged by.
FIRST_READ_BYTES = 64 * 1024

# The largest request takes some thirty.
READ_BYTES = 256 * 1024

# What a caller may send ahead while its last request is being answered.
MAX_AHEAD_BYTES = 64 * 1024

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# Where what nobody reads is put by a system that does not just throw it away.
DROPPED = bytearray(READ_BYTES)


class Connection:
    """A socket that never blocks, and what has come in by it.

    The worker's loop alone reads from it. `since` is time.monotonic() of the first
    byte of what is being received, or of the last answer.
    """

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.client = client
        self.server = server
        self.buffer = bytearray()
        self.framer: Framer | None = None
        self.exchange: Exchange | None = None
        self.since = time.monotonic()
        self.unwanted = 0  # bytes that still come of a request that has been refused
        self.is_over = False  # the caller sends no more
        self.over_since = 0.0  # time.monotonic(), once that is seen
        self.watched = 0  # selectors' events
        self.unsent = memoryview(b"")
        self.closes = False  # once all is sent
        self.lingers = False  # all is sent; what still comes in is thrown away

    def receive(self) -> None:
        """Take in what has arrived."""
        try:
            size = self._drop() if self.lingers or self.unwanted else self._keep()
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self.is_over, self.over_since = True, time.monotonic()

    def _keep(self) -> int:
        data = self.sock.recv(READ_BYTES if self.buffer else FIRST_READ_BYTES)
        if data and not self.buffer and self.exchange is None:
            self.since = time.monotonic()
        self.buffer += data
        return len(data)

    def _drop(self) -> int:
        """Throw away what has arrived; with MSG_TRUNC, Linux does not even copy it."""
        if self.lingers:
            return self.sock.recv_into(DROPPED, READ_BYTES, socket.MSG_TRUNC)
        most = min(self.unwanted, READ_BYTES)
        size = self.sock.recv_into(DROPPED, most, socket.MSG_TRUNC)
        self.unwanted -= size
        return size

    def read_frame(self, max_head_bytes: int, max_body_bytes: int) -> Frame:
        """Return what is known of the request that is arriving."""
        if self.framer is None:
            self.framer = Framer(max_head_bytes, max_body_bytes)
        return self.framer.read(self.buffer, is_over=self.is_over)

    @property
    def has_head(self) -> bool:
        """Whether the head of the request that is arriving is known to be here."""
        return self.framer is not None and self.framer.head_bytes > 0

    @property
    def size(self) -> int:
        """Return the bytes that it holds, those of a request in flight among them."""
        exchange = self.exchange  # a thread that has answered it takes it away
        return len(self.buffer) + (len(exchange.received) if exchange else 0)

    def drop_body(self) -> None:
        """Keep the head alone of a request that is refused before it is all here."""
        if self.framer is not None and self.has_head:
            del self.buffer[self.framer.head_bytes :]

    def take(self, frame: Frame, seconds: float) -> "Exchange":
        """Return the request that a frame describes, and leave what follows it."""
        received = bytes(memoryview(self.buffer)[: frame.size])
        del self.buffer[: frame.size]
        self.framer = None
        self.exchange = Exchange(self, frame, received, seconds)
        return self.exchange

    def send(self, data: bytes) -> None:
        """Send as much as is taken at once, and keep the rest in `unsent`."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:  # the caller is gone, and with it whatever is left
            self.closes, sent = True, len(data)
        self.unsent = memoryview(data)[sent:]
        self.since = time.monotonic()

    def release(self) -> None:
        """Wait for the next request; part of it, or its end, may be here already."""
        self.exchange = None

    def linger(self) -> None:
        """Say that nothing follows, and let the caller read all before the close.

        A close on bytes that nobody read would take back what was sent:
        https://www.rfc-editor.org/rfc/rfc9112#section-9.6
        """
        self.lingers = True
        self.since = time.monotonic()
        self.buffer.clear()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_over = True


Answerer = Literal["thread", "loop"]


class Exchange:
    """A request that has arrived, and whatever answers it first.

    That is the thread that works on it, or the loop when its time is over. `begun` is
    time.monotonic() when the thread took it up.
    """

    def __init__(
        self, connection: Connection, frame: Frame, received: bytes, seconds: float
    ) -> None:
        self.connection = connection
        self.received = received
        self.is_whole = frame.is_whole
        self.arrived = time.monotonic()
        if frame.timeout_ms is not None:
            seconds = min(seconds, frame.timeout_ms / 1000)
        self.deadline = self.arrived + seconds
        self.begun: float | None = None
        self.thread: int | None = None
        self._answered = threading.Lock()
        self._answerer: Answerer | None = None

    def begin(self) -> None:
        """Note that this thread takes it up."""
        self.thread = threading.get_ident()
        self.begun = time.monotonic()

    def claim(self, answerer: Answerer) -> bool:
        """Say whether the answer is this one's to give, as whoever asks first is told.

        It may ask again, and is told the same.
        """
        if self._answered.acquire(blocking=False):
            self._answerer = answerer
        return self._answerer == answerer

    @property
    def is_answered(self) -> bool:
        """Whether somebody has claimed the answer."""
        return self._answered.locked()
