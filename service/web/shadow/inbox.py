"""The shadow's end: what workers have handed over, one request at a time."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from service.web.shadow.handover import ACKNOWLEDGEMENT, Handover, receive_handover

# For which it does not listen once nothing waits: a worker that wakes another process
# pays for it. What has gathered meanwhile is answered in one go.
PAUSE_SECONDS = 0.1


class Inbox:
    """A socket at a path, and the connections of the workers."""

    def __init__(self, path: Path) -> None:
        self._selector = selectors.DefaultSelector()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def wait(self, alive: int) -> Iterator[Handover]:
        """Yield requests in turn, until the descriptor `alive` ends.

        A request is acknowledged when the next is asked for.
        """
        self._selector.register(alive, selectors.EVENT_READ)
        while True:
            events = self._selector.select(0)
            if not events:
                time.sleep(PAUSE_SECONDS)
                events = self._selector.select()
            for key, _ in events:
                if key.fileobj == alive:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    yield from self._take(key.fileobj)

    def close(self) -> None:
        """Close the socket, and all connections with what waits in them."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _accept(self) -> None:
        with suppress(OSError):  # its worker has ended meanwhile
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)

    def _take(self, connection: socket.socket) -> Iterator[Handover]:
        handover = None
        with suppress(OSError):
            handover = receive_handover(connection)
        if handover is None:
            self._selector.unregister(connection)
            connection.close()
            return
        yield handover
        with suppress(OSError):
            connection.send(ACKNOWLEDGEMENT)
