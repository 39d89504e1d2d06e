"""A caller's connection: a socket that never blocks, and what has come in by it."""

import socket
import time
from collections.abc import Iterable
from typing import Any

from service.server.reader import RequestReader
from service.server.request import Request

# The first read takes a usual request whole, and of a large one what it is judged by.
FIRST_READ_BYTES = 64 * 1024

# The largest request takes some thirty.
READ_BYTES = 256 * 1024

# What a caller may send ahead while its last request is being answered.
MAX_AHEAD_BYTES = 64 * 1024

# What the kernel keeps of an answer that it cannot send yet. By default it would take
# megabytes of each unread answer; a fast reader needs no more than this.
UNSENT_BYTES_IN_KERNEL = 128 * 1024

# More parts than an answer has: its head and its body.
MOST_PARTS = 8

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# Where dropped bytes are put by a system that does not just throw them away.
DROPPED = bytearray(READ_BYTES)


class Connection:
    """A socket, the bytes that it brought, and the answer that is being sent.

    The event loop alone reads from it. `since` is time.monotonic() of the first byte of
    what is being received, or of the last byte that was sent.
    """

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_IN_KERNEL
            )
        self.sock = sock
        self.client = client  # as accept() returns it
        self.server = server
        self.address = str(client[0]) if client else ""
        self.buffer = bytearray()
        self.reader: RequestReader | None = None
        self.is_busy = False  # a request of it is in flight
        self.in_flight_bytes = 0
        self.since = time.monotonic()
        self.unwanted = 0  # bytes still to come of a request that has been refused
        self.is_over = False  # the caller sends no more
        self.over_since = 0.0  # time.monotonic(), once that is seen
        self.watched = 0  # selectors' events
        self.unsent: list[memoryview] = []
        self.closes = False  # once all is sent
        self.lingers = False  # all is sent; what still comes in is thrown away

    # Receiving

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
        is_first = not (self.buffer or self.reader)
        is_ahead = self.is_busy or is_first
        data = self.sock.recv(FIRST_READ_BYTES if is_ahead else READ_BYTES)
        if data and is_first and not self.is_busy:
            self.since = time.monotonic()
        self.buffer += data
        return len(data)

    def _drop(self) -> int:
        """Throw away what has arrived; with MSG_TRUNC, Linux does not even copy it."""
        most = READ_BYTES if self.lingers else min(self.unwanted, READ_BYTES)
        size = self.sock.recv_into(DROPPED, most, socket.MSG_TRUNC)
        self.unwanted -= size
        return size

    def read_request(self, cfg: Any, max_body_bytes: int) -> RequestReader:
        """Return what is known of the request that is arriving."""
        if self.reader is None:
            self.reader = RequestReader(cfg, max_body_bytes)
        self.reader.read(self.buffer)
        if self.is_over and not self.reader.is_paused:
            self.reader.end()
        return self.reader

    @property
    def is_receiving(self) -> bool:
        """Whether part of a request is here."""
        return not self.is_busy and bool(self.buffer or self.reader)

    @property
    def has_head(self) -> bool:
        return self.reader is not None and self.reader.request is not None

    @property
    def wants_more(self) -> bool:
        """Whether to read on: for a request that has begun, or a little ahead."""
        has_begun = self.reader is not None
        return not self.is_over and (has_begun or len(self.buffer) <= MAX_AHEAD_BYTES)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done before more comes in.

        Behind a request that was answered at once the next one may be here already.
        """
        return not self.is_busy and (self.reader is not None or not self.buffer)

    @property
    def is_paused(self) -> bool:
        """Whether others come first, before what is here is read to its end."""
        return self.reader is not None and self.reader.is_paused

    @property
    def size(self) -> int:
        """The bytes that it holds, those of a request in flight among them."""
        arriving = self.reader.size if self.reader else 0
        return len(self.buffer) + arriving + self.in_flight_bytes

    def begin(self, request: Request) -> None:
        """Give a request away, to be answered before the next is looked at."""
        self.reader = None
        self.is_busy, self.in_flight_bytes = True, request.body_bytes

    def release(self) -> None:
        """Wait for the next request; part of it, or its end, may be here already."""
        self.is_busy, self.in_flight_bytes = False, 0

    # Sending

    def send(self, parts: Iterable[bytes]) -> None:
        """Send as much as is taken at once, and keep the rest in `unsent`."""
        self.since = time.monotonic()
        self.unsent = [memoryview(part) for part in parts if part]
        self.send_rest()

    def send_rest(self) -> None:
        """Send as much of `unsent` as is taken at once."""
        try:
            sent = self.sock.sendmsg(self.unsent[:MOST_PARTS])
        except BlockingIOError:
            return
        except OSError:  # the caller is gone, and with it whatever is left
            self.closes, self.unsent = True, []
            return
        self.since = time.monotonic()
        while self.unsent and sent >= len(self.unsent[0]):
            sent -= len(self.unsent.pop(0))
        if sent:
            self.unsent[0] = self.unsent[0][sent:]

    @property
    def unsent_bytes(self) -> int:
        return sum(map(len, self.unsent))

    def linger(self) -> None:
        """End the answer, and let the caller read all of it before the close.

        A close on unread bytes would take back what was sent:
        https://www.rfc-editor.org/rfc/rfc9112#section-9.6
        """
        self.lingers = True
        self.since = time.monotonic()
        self.buffer.clear()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_over = True
