"""The connections of a worker: accepted, watched and closed."""

import errno
import heapq
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from service.server.balance import Balance
from service.server.connection import Connection

# A worker that is idle needs some 50 microseconds to wake and take a connection.
HEAD_START_SECONDS = 200e-6
HEAD_STARTS = 10

# The errors of accept() where no descriptor, or no memory of the kernel's, is left.
SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Closed at once then: not only the next connection needs a descriptor, files do, too.
MADE_ROOM = 16


@dataclass(eq=False)
class Connections:
    """The open connections, the oldest first. It is for the event loop alone.

    `on_ready` is called with each that can be read from or written to, and
    `before_close` with each that is about to be closed.
    """

    poller: selectors.BaseSelector
    balance: Balance
    slot: int
    max_connections: int
    on_ready: Callable[[Connection], None] = field(init=False)
    before_close: Callable[[Connection], None] = field(init=False)
    _is_accepting: bool = False
    _open: dict[Connection, None] = field(default_factory=dict)
    _half_closed: set[Connection] = field(default_factory=set)  # they send no more

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._open

    # The count that all workers see

    def set_accepting(self, is_accepting: bool) -> None:
        """Show the other workers whether this one accepts connections."""
        self._is_accepting = is_accepting
        self._publish_count()

    def note_half_closed(self, connection: Connection) -> None:
        """Count a connection no more, whose caller is perhaps gone."""
        self._half_closed.add(connection)
        self._publish_count()

    def _publish_count(self) -> None:
        if self._is_accepting:
            self.balance.publish(self.slot, self._caller_count)
        else:
            self.balance.withdraw(self.slot)

    @property
    def _caller_count(self) -> int:
        return len(self._open) - len(self._half_closed)

    # Accepting

    def accept(self, listener: socket.socket) -> bool:
        """Accept a connection, unless a worker with fewer of them was first.

        Return False where there is no room for it, and nothing to close that is idle.
        """
        self._let_others_be_first()
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return True
        except OSError as error:
            if error.errno not in SHORTAGES:
                raise
            return self._make_room(MADE_ROOM)  # the caller waits for the next turn
        if len(self._open) >= self.max_connections:
            self._make_room()
        connection = Connection(sock, client, listener.getsockname())
        self._open[connection] = None
        self._publish_count()
        self.watch(connection, selectors.EVENT_READ)
        return True

    def _let_others_be_first(self) -> None:
        """Wait for a worker that has fewer, which may be in the middle of an answer."""
        for _ in range(HEAD_STARTS):
            if self._caller_count <= self.balance.find_fewest():
                break
            time.sleep(HEAD_START_SECONDS)

    def _make_room(self, count: int = 1) -> bool:
        """Close those that have brought nothing whole for the longest, if any."""
        idle = (each for each in self._open if not each.is_busy)
        oldest = heapq.nsmallest(count, idle, key=lambda each: each.since)
        for connection in oldest:
            self.close(connection)
        return bool(oldest)

    # Watching and closing

    def watch(self, connection: Connection, events: int) -> None:
        """Wait until a connection can be read from or written to, or for neither."""
        if events == connection.watched:
            return
        if not connection.watched:
            on_event = partial(self._dispatch, connection)
            self.poller.register(connection.sock, events, on_event)
        elif events:
            key = self.poller.get_key(connection.sock)
            self.poller.modify(connection.sock, events, key.data)
        else:
            self.poller.unregister(connection.sock)
        connection.watched = events

    def _dispatch(self, connection: Connection, _: Any) -> None:
        if connection in self._open:  # not closed by an earlier event of this turn
            self.on_ready(connection)

    def close(self, connection: Connection) -> None:
        """Close a connection, if it is open."""
        if connection in self._open:
            del self._open[connection]
            self._half_closed.discard(connection)
            self._publish_count()
            self.before_close(connection)
            self.watch(connection, 0)
            connection.sock.close()
