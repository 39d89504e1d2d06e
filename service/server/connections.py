"""The connections of a worker: accepted, watched, read, written to and closed."""

import errno
import heapq
import math
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from werkzeug.exceptions import RequestTimeout

from service.server.connection import Connection
from service.server.intake import Intake
from service.server.slow_readers import SlowReaders

# A worker that is idle needs some 50 microseconds to wake and take a connection.
HEAD_START_SECONDS = 200e-6
HEAD_STARTS = 10

# What accept() lacks where no descriptor, or no memory of the kernel's, is left.
SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# Closed at once then: not only the next connection needs a descriptor, files do, too.
MADE_ROOM = 16

# How long a caller may take to read an answer, and to close after it.
SEND_SECONDS = 30.0
LINGER_SECONDS = 2.0

SLOW_READER = "slow_reader_closed"

# How long a connection of tiny chunks waits for its next turn: 25,000 chunks a second
# are all that it gets, for a twelfth of a processor.
PAUSE_SECONDS = 0.005


class Connections:
    """The connections that are open, the oldest first.

    All but `send` is for the thread that keeps the loop.
    """

    def __init__(
        self, worker: Any, intake: Intake, receive_timeout_seconds: float
    ) -> None:
        self._poller, self._cfg = worker.poller, worker.cfg
        self._defer, self._log = worker.method_queue.defer, worker.log
        self._balance, self._slot = worker.balance, worker.slot
        self._is_open = False
        self._intake = intake
        self._receive_timeout_seconds = receive_timeout_seconds
        self._open: dict[Connection, None] = {}
        self._left: set[Connection] = set()  # whose callers send no more
        self._slow_readers = SlowReaders()
        self._paused: dict[Connection, None] = {}
        self.resume_at = math.inf  # time.monotonic() of their next turn

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        """Iterate over those that are open now."""
        return iter(list(self._open))

    def accept(self, listener: Any) -> bool:
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
        if len(self._open) >= self._cfg.worker_connections:
            self._make_room()
        connection = Connection(sock, client, listener.getsockname())
        self._open[connection] = None
        self._say()
        self._watch(connection, selectors.EVENT_READ)
        return True

    def _let_others_be_first(self) -> None:
        """Wait for a worker that has fewer, which may be in the middle of an answer."""
        for _ in range(HEAD_STARTS):
            if self._stay_count <= self._balance.find_fewest():
                break
            time.sleep(HEAD_START_SECONDS)

    def tell(self, *, is_open: bool) -> None:
        """Say whether more are taken, and how many have callers, to all workers."""
        self._is_open = is_open
        self._say()

    def _say(self) -> None:
        if self._is_open:
            self._balance.tell(self._slot, self._stay_count)
        else:
            self._balance.leave(self._slot)

    @property
    def _stay_count(self) -> int:
        """How many have a caller that is still there."""
        return len(self._open) - len(self._left)

    def _make_room(self, count: int = 1) -> bool:
        """Close those that have brought nothing whole for the longest, if any."""
        idle = (each for each in self._open if not each.is_busy)
        oldest = heapq.nsmallest(count, idle, key=lambda each: each.since)
        for connection in oldest:
            self.close(connection)
        return bool(oldest)

    def _watch(self, connection: Connection, events: int) -> None:
        """Wait until a connection can be read from or written to, or for neither."""
        if events == connection.watched:
            return
        if not connection.watched:
            heed = partial(self._heed, connection)
            self._poller.register(connection.sock, events, heed)
        elif events:
            key = self._poller.get_key(connection.sock)
            self._poller.modify(connection.sock, events, key.data)
        else:
            self._poller.unregister(connection.sock)
        connection.watched = events

    # Receiving

    def _heed(self, connection: Connection, _: socket.socket) -> None:
        if connection.watched == selectors.EVENT_WRITE:
            self._send_on(connection)
            return
        if connection not in self._open:  # closed by what came before it in this turn
            return
        connection.receive()
        if connection.is_over and connection not in self._left:
            self._left.add(connection)
            self._say()
        if connection.lingers:
            if connection.is_over:
                self.close(connection)
        elif connection.is_busy:
            self._intake.bound_memory(connection)
            self._watch_for_more(connection)
        else:
            self._intake.bound_memory(connection)
            self._take(connection)

    def _take(self, connection: Connection) -> None:
        """Take the next request of a connection, once it is all here."""
        is_busy = connection.is_busy or connection.lingers
        if is_busy or connection not in self._open or connection in self._paused:
            return
        if connection.is_receiving and self._intake.take(connection):
            self._heed(connection, connection.sock)
        elif connection.is_paused:
            self._pause(connection)
        elif connection.is_idle and connection.is_over:
            self.close(connection)  # without an answer, where half a head came
        elif connection.unsent and not connection.is_busy:
            # Part of what asks for a body; an answer's is seen to by `send`.
            self._watch(connection, selectors.EVENT_WRITE)
        else:
            self._watch_for_more(connection)

    def _watch_for_more(self, connection: Connection) -> None:
        self._watch(connection, selectors.EVENT_READ if connection.wants_more else 0)

    def _take_soon(self, connection: Connection) -> None:
        """Let the event loop look for the next request, and once for all who say so."""
        if not connection.is_due:
            connection.is_due = True
            self._defer(self._take_due, connection)

    def _take_due(self, connection: Connection) -> None:
        connection.is_due = False
        self._take(connection)

    def _pause(self, connection: Connection) -> None:
        """Let a connection wait for its next turn, and read no more of it meanwhile."""
        self._watch(connection, 0)
        self._paused[connection] = None
        self.resume_at = min(self.resume_at, time.monotonic() + PAUSE_SECONDS)

    def resume(self) -> None:
        """Give those that wait for it their next turn."""
        paused, self._paused, self.resume_at = self._paused, {}, math.inf
        for connection in paused:
            self._take(connection)

    # Sending

    def send(
        self, connection: Connection, parts: Iterable[bytes], *, keeps: bool
    ) -> None:
        """Send an answer; by the loop, whatever is not taken at once.

        The loop does not touch what is left before `_send_on` reaches it: it would go
        on to the next request of a connection that a thread is not done with.
        """
        connection.closes = not keeps
        connection.send(parts)
        if connection.unsent or connection.closes:
            self._defer(self._send_on, connection)
            return
        connection.release()
        if connection.buffer or connection.is_over:
            self._take_soon(connection)

    def _send_on(self, connection: Connection) -> None:
        """Send what is left of an answer, and close or go on once it is gone."""
        if connection not in self._open:
            return
        if connection.unsent:
            connection.send_on()
            self._bound_unsent(connection)
        if connection not in self._open:
            return
        if connection.unsent:
            self._watch(connection, selectors.EVENT_WRITE)
        elif not connection.closes:
            connection.release()
            self._take(connection)
        elif connection.is_over:
            self.close(connection)
        else:
            connection.linger()
            self._watch(connection, selectors.EVENT_READ)

    def _bound_unsent(self, connection: Connection) -> None:
        """Close those that read the slowest, while too much is queued for all."""
        self._slow_readers.note(connection)
        while (slowest := self._slow_readers.find_excess()) is not None:
            self._log.warning(SLOW_READER, extra={"ip": slowest.address})
            self.close(slowest)

    # Closing

    def close(self, connection: Connection) -> None:
        """Close a connection, if it is open."""
        if connection in self._open:
            del self._open[connection]
            self._left.discard(connection)
            self._say()
            self._intake.forget(connection)
            self._slow_readers.forget(connection)
            self._watch(connection, 0)
            connection.sock.close()

    def close_late(self, now: float, idle_end: float = math.inf) -> None:
        """Give up those that take too long, and after `idle_end` all that are idle."""
        for connection in self:
            waited = now - connection.since
            if connection.unsent:
                if waited > SEND_SECONDS:
                    self.close(connection)
            elif connection.lingers:
                if waited > LINGER_SECONDS:
                    self.close(connection)
            elif connection.is_busy:
                pass
            elif connection.is_receiving:
                if waited > self._receive_timeout_seconds:
                    self._give_up(connection)
            elif waited > self._cfg.keepalive or now > idle_end:
                self.close(connection)

    def _give_up(self, connection: Connection) -> None:
        """Answer what did not arrive in time, unless it has not even a head."""
        if connection.reader is not None and connection.reader.request is not None:
            late = RequestTimeout("The request did not arrive in time.")
            self._intake.give_up(connection, late)
        else:
            self.close(connection)
