"""Receives requests and sends answers, by the connections of a worker."""

import logging
import math
import selectors
import time
from collections.abc import Callable, Iterable

from werkzeug.exceptions import RequestTimeout

from service.server.connection import Connection
from service.server.connections import Connections
from service.server.intake import Intake
from service.server.slow_readers import SlowReaders

# How long a caller may take to read an answer, and to close after it.
SEND_SECONDS = 30.0
LINGER_SECONDS = 2.0

SLOW_READER = "slow_reader_closed"

logger = logging.getLogger("gunicorn.error")

# How long a connection of tiny chunks waits for its next turn: 25,000 chunks a second
# are all that it gets, for a twelfth of a processor.
PAUSE_SECONDS = 0.005


class Transport:
    """Receives and sends. All but `send` is for the thread that runs the event loop.

    `defer` has the event loop call a function.
    """

    def __init__(
        self,
        connections: Connections,
        intake: Intake,
        defer: Callable[..., None],
    ) -> None:
        self._connections = connections
        self._intake = intake
        self._defer = defer
        self._slow_readers = SlowReaders()
        # When each is looked at next, by time.monotonic(). A thread may add one.
        self._due: dict[Connection, float] = {}
        connections.on_ready = self._on_ready
        connections.before_close = self._forget

    # Receiving

    def _on_ready(self, connection: Connection) -> None:
        if connection.watched == selectors.EVENT_WRITE:
            self._send_rest(connection)
        else:
            self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        was_over = connection.is_over
        connection.receive()
        if connection.is_over and not was_over:
            self._connections.note_half_closed(connection)
        if connection.lingers:
            if connection.is_over:
                self._connections.close(connection)
            return
        self._intake.bound_memory(connection)
        if connection.is_busy:
            self._watch_for_more(connection)
        else:
            self._take(connection)

    def _take(self, connection: Connection) -> None:
        """Take the next request of a connection, once it is all here."""
        is_busy = connection.is_busy or connection.lingers
        is_open = connection in self._connections
        if is_busy or not is_open or connection in self._due:
            return
        if connection.is_receiving and self._intake.take(connection):
            self._receive(connection)
        elif connection.is_paused:
            self._connections.watch(connection, 0)
            self._due[connection] = time.monotonic() + PAUSE_SECONDS
        elif connection.is_idle and connection.is_over:
            self._connections.close(connection)  # unanswered, where half a head came
        elif connection.unsent and not connection.is_busy:
            # Part of `100 Continue`; the rest of an answer is sent by `send`.
            self._connections.watch(connection, selectors.EVENT_WRITE)
        else:
            self._watch_for_more(connection)

    def _watch_for_more(self, connection: Connection) -> None:
        events = selectors.EVENT_READ if connection.wants_more else 0
        self._connections.watch(connection, events)

    @property
    def next_due(self) -> float:
        """When `take_due` has something to do, by time.monotonic()."""
        return min(self._due.values(), default=math.inf)

    def take_due(self, now: float) -> None:
        """Take the next requests of connections whose turn it is."""
        for connection, due in list(self._due.items()):
            if now >= due:
                del self._due[connection]
                self._take(connection)

    # Sending

    def send(
        self, connection: Connection, parts: Iterable[bytes], *, keeps: bool
    ) -> None:
        """Send an answer; what is not taken at once is sent by the event loop.

        It does not touch that before `_send_rest`: it would go on to the next request
        of a connection that a thread is not done with.
        """
        connection.closes = not keeps
        connection.send(parts)
        if connection.unsent or connection.closes:
            self._defer(self._send_rest, connection)
            return
        connection.release()
        if connection.buffer or connection.is_over:
            self._take_soon(connection)

    def _take_soon(self, connection: Connection) -> None:
        """Have the event loop take the next request, once however often it is asked."""
        if connection not in self._due:
            self._due[connection] = 0.0
            self._defer(self.take_due, 0.0)

    def _send_rest(self, connection: Connection) -> None:
        """Send what is left of an answer, and close or go on once it is gone."""
        if connection.unsent and connection in self._connections:
            connection.send_rest()
            self._bound_unsent(connection)
        if connection not in self._connections:
            return
        if connection.unsent:
            self._connections.watch(connection, selectors.EVENT_WRITE)
        elif not connection.closes:
            connection.release()
            self._take(connection)
        elif connection.is_over:
            self._connections.close(connection)
        else:
            connection.linger()
            self._connections.watch(connection, selectors.EVENT_READ)

    def _bound_unsent(self, connection: Connection) -> None:
        """Close those that read the slowest, while too much is queued for all."""
        self._slow_readers.note(connection)
        while (slowest := self._slow_readers.find_excess()) is not None:
            logger.warning(SLOW_READER, extra={"ip": slowest.address})
            self._connections.close(slowest)

    # Closing

    def _forget(self, connection: Connection) -> None:
        self._intake.forget(connection)
        self._slow_readers.forget(connection)

    def close_late(self, now: float, keepalive_seconds: float) -> None:
        """Give up connections that take too long, and those that are idle too long."""
        for connection in self._connections:
            waited = now - connection.since
            if connection.unsent:
                is_late = waited > SEND_SECONDS
            elif connection.lingers:
                is_late = waited > LINGER_SECONDS
            elif connection.is_receiving:
                is_late = waited > self._intake.settings.receive_timeout_seconds
                if is_late and connection.has_head:
                    late = RequestTimeout("The request did not arrive in time.")
                    self._intake.give_up(connection, late)
                    continue
            else:
                is_late = waited > keepalive_seconds and not connection.is_busy
            if is_late:
                self._connections.close(connection)
