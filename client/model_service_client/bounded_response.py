"""Answers for which a socket's timeout counts as a whole.

By itself it counts for each read: a server that sends a byte now and then would hold
its caller for ever.
"""

import http.client
import io
import socket
import time
from typing import Any


class BoundedResponse(http.client.HTTPResponse):
    """Must be read, head and body, within the timeout that its socket has by now."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        seconds = sock.gettimeout()
        if seconds is not None:
            reader = _BoundedReader(self.fp.detach(), sock, seconds)
            self.fp = io.BufferedReader(reader)


class _BoundedReader(io.RawIOBase):
    """Reads what comes by a socket within so many seconds, all together."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw, self._sock = raw, sock
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
