"""The gunicorn worker: one loop receives, and the thread that keeps it answers.

A request is taken up when its last byte is here, so a slow caller holds no thread. No
thread has to be woken for it, which would take as long as the answer; where an answer
takes long, the loop passes to another thread, and there is always one left to keep it.
"""

import math
import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import (
    GatewayTimeout,
    HTTPException,
    RequestTimeout,
    ServiceUnavailable,
)

from service.web.call import DEADLINE, REFUSAL
from service.web.connection import MAX_AHEAD_BYTES, Connection, Exchange, Outgoing
from service.web.relay import Relay

# A worker that is idle needs some 50 microseconds to wake and take a connection.
HEAD_START_SECONDS = 30e-6
MOST_HEAD_STARTS = 10

# How often the loop looks for what has waited too long, if nothing is due sooner.
LOOK_SECONDS = 0.25

# How long a caller may take to read an answer, and to close after it.
SEND_SECONDS = 30.0
LINGER_SECONDS = 2.0

# A thread that is not back so long after its deadline is taken to hang.
HANG_SECONDS = 1.0

# A caller that only sends no more says so with its request; one that gives up, later.
GONE_SECONDS = 0.05

HEALTH = (b"GET /health", b"HEAD /health")

# Those of a worker, beside gunicorn's own lines.
FAULT = "worker_fault"
HUNG = "worker_hung"
CALLER_GONE = "caller_gone"
DRAINING = "draining"


@dataclass(frozen=True)
class Bounds:
    """What a worker takes on, and for how long; the settings of the same names."""

    max_in_flight: int = 64
    max_body_bytes: int = 8 * 2**20
    receive_timeout_seconds: float = 15.0
    predict_timeout_seconds: float = 10.0
    lame_duck_seconds: float = 0.0
    grace_seconds: float = 20.0


class ReceivingWorker(ThreadWorker):  # type: ignore[misc]
    """Receives in its loop, answers in its threads, and gives up in time.

    `gathers` has every request that waits taken up at once by a thread of its own, for
    a model that predicts them together.
    """

    bounds = Bounds()
    gathers = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # Room for the head's lines; gunicorn's parser is the one that refuses.
        self._max_head_bytes = self.cfg.limit_request_line + (
            self.cfg.limit_request_fields * (self.cfg.limit_request_field_size + 2)
        )
        self._connections: dict[Connection, None] = {}  # the oldest first
        self._in_flight: set[Exchange] = set()
        self._hung: set[Exchange] = set()
        self._queue: deque[Exchange] = deque()
        # One thread more than may answer, so that the loop is never left alone.
        self._permits = [None] * self.cfg.threads
        self._relay = Relay(hands_on=self.gathers)
        self._next_look = 0.0
        self._idle_end = math.inf
        self._lame_duck_end = math.inf
        self._is_done = threading.Event()

    def init_signals(self) -> None:
        """Let signals wake the main thread, which waits for nothing else."""
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.siginterrupt(number, True)

    # The threads

    def run(self) -> None:
        """Serve until told to stop, and what has been begun is finished."""
        self.poller.register(
            self.method_queue.fileno(),
            selectors.EVENT_READ,
            self.method_queue.run_callbacks,
        )
        self.set_accept_enabled(True)
        for _ in range(self.cfg.threads + 1):
            threading.Thread(target=self._serve, daemon=True).start()
        self._is_done.wait()
        for listener in self.sockets:
            listener.close()
        if self._hung:  # a thread that hangs cannot be joined
            sys.exit(1)

    def _serve(self) -> None:
        """Keep the loop and answer what it brings, in turn with the other threads."""
        baton = None
        while not self._is_done.is_set():
            if baton is None:
                baton = self._relay.wait()
            exchange = self._take_up()
            if exchange is None:
                self._turn()
                continue
            self._relay.leave(baton)
            if not exchange.is_answered:
                exchange.thread = threading.get_ident()
                exchange.begun = time.monotonic()
                self._answer(exchange)
            self._in_flight.discard(exchange)
            self._permits.append(None)
            if not self._relay.come_back(baton):
                baton = None

    def _take_up(self) -> Exchange | None:
        """Return a request to answer, if there is one and a thread may be spared."""
        if not self._queue or not self._permits:
            return None
        self._permits.pop()
        return self._queue.popleft()

    def _turn(self) -> None:
        """Do one turn of the loop."""
        try:
            wait = max(0.0, self._next_look - time.monotonic())
            self.wait_for_and_dispatch_events(wait)
            now = time.monotonic()
            if now >= self._next_look:
                self._next_look = now + LOOK_SECONDS
                self._look_round(now)
        except Exception:
            self.log.exception(FAULT)

    # Stopping

    def _drain(self, now: float) -> None:
        """Take new work while balancers notice, then finish what is in flight.

        A worker that retires while the service goes on is not missed: it takes no more.
        """
        if self._lame_duck_end == math.inf:
            is_stopping = not self._hung and not self._is_replaced()
            self.log.info(DRAINING, extra={"is_stopping": is_stopping})
            if is_stopping:
                self.wsgi.extensions["readiness"].drain()
            lame_duck = self.bounds.lame_duck_seconds if is_stopping else 0.0
            self._lame_duck_end = now + lame_duck
        if now < self._lame_duck_end:
            self._next_look = min(self._next_look, self._lame_duck_end)
        elif self._accepting:
            self.set_accept_enabled(enabled=False)
            # On a connection that is idle, a request may be on its way already.
            self._idle_end = now + LINGER_SECONDS
        end = self._lame_duck_end + self.bounds.grace_seconds
        if not self._accepting and (not self._has_begun() or now > end):
            self._is_done.set()

    def _has_begun(self) -> bool:
        """Say whether there is anything to finish, but for what hangs."""
        hung = {exchange.connection for exchange in self._hung}
        return bool(self._connections.keys() - hung)

    def _is_replaced(self) -> bool:
        """Say whether the master listens on: it closes its sockets before it stops."""
        inode = os.fstat(self.sockets[0].fileno()).st_ino
        try:
            held = [os.readlink(fd) for fd in Path(f"/proc/{self.ppid}/fd").iterdir()]
        except OSError:
            return False
        return f"socket:[{inode}]" in held

    # Receiving

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless a worker with fewer of them was first.

        All workers are woken by a new connection, and the first to reach for it keeps
        it for as long as the client does. One that is awake already may so end up with
        all: of two workers with 16 connections, one then answers 1,200 requests a
        second and the other none, instead of 3,700 together.
        """
        if self._connections:
            steps = min(len(self._connections), MOST_HEAD_STARTS)
            time.sleep(HEAD_START_SECONDS * steps)
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if len(self._connections) >= self.cfg.worker_connections:
            self._make_room()
        connection = Connection(sock, client, listener.getsockname())
        self._connections[connection] = None
        self._watch(connection, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Close the connection that has brought nothing whole for the longest."""
        idle = (each for each in self._connections if each.exchange is None)
        oldest = min(idle, key=lambda each: each.since, default=None)
        if oldest is not None:
            self._close(oldest)

    def _watch(self, connection: Connection, events: int) -> None:
        """Wait until a connection can be read from or written to, or for neither."""
        if events == connection.watched:
            return
        if not connection.watched:
            heed = partial(self._heed, connection)
            self.poller.register(connection.sock, events, heed)
        elif events:
            key = self.poller.get_key(connection.sock)
            self.poller.modify(connection.sock, events, key.data)
        else:
            self.poller.unregister(connection.sock)
        connection.watched = events

    def _heed(self, connection: Connection, _: socket.socket) -> None:
        if connection.unsent:
            self._send_on(connection)
            return
        connection.receive()
        if connection.lingers:
            if connection.is_over:
                self._close(connection)
        elif connection.exchange is None:
            self._take(connection)
        elif connection.is_over or len(connection.buffer) > MAX_AHEAD_BYTES:
            self._watch(connection, 0)

    def _take(self, connection: Connection) -> None:
        """Give the next request of a connection to a thread, once it is all here."""
        if connection.exchange is not None or connection.lingers:
            return
        if connection.is_over and not connection.buffer:
            self._close(connection)
            return
        if connection.buffer:
            frame = connection.read_frame(
                self._max_head_bytes, self.bounds.max_body_bytes
            )
            if frame.size is not None:
                seconds = self.bounds.predict_timeout_seconds
                self._dispatch(connection.take(frame, seconds))
        if connection in self._connections and not connection.unsent:
            self._watch(connection, 0 if connection.is_over else selectors.EVENT_READ)

    def _dispatch(self, exchange: Exchange) -> None:
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        if exchange.received.startswith(HEALTH):
            self._answer(exchange)
        elif len(self._in_flight) >= self.bounds.max_in_flight:
            self._refuse(
                exchange,
                ServiceUnavailable("This process has too much to do.", retry_after=1),
            )
        else:
            self._in_flight.add(exchange)
            self._next_look = min(self._next_look, exchange.deadline)
            self._queue.append(exchange)

    # Answering

    def _answer(self, exchange: Exchange, refusal: HTTPException | None = None) -> None:
        """Parse a request, ask the application, and send what it says."""
        outgoing = Outgoing()
        client = exchange.connection.client
        request, keeps = None, False
        try:
            parser = RequestParser(self.cfg, iter((exchange.received,)), client)
            request = next(parser)
            keeps = self._ask(exchange, request, outgoing, refusal)
        except (NoMoreData, StopIteration):
            pass  # the head was cut short: there is nobody to answer
        except (Exception, SystemExit) as error:  # noqa: BLE001 - logged, and answered
            outgoing.take()
            self.handle_error(request, outgoing, client, error)
        if refusal is not None or exchange.claim():
            self._send(exchange.connection, outgoing.take(), keeps=keeps)

    def _ask(
        self,
        exchange: Exchange,
        request: Any,
        outgoing: Outgoing,
        refusal: HTTPException | None,
    ) -> bool:
        """Write the application's answer; return whether the connection is kept."""
        connection = exchange.connection
        response, environ = wsgi.create(
            request, outgoing, connection.client, connection.server, self.cfg
        )
        environ["wsgi.multithread"] = True
        environ[DEADLINE] = exchange.deadline
        if refusal is not None:
            environ[REFUSAL] = refusal
        if refusal is not None or not exchange.is_whole or not self.alive:
            response.force_close()
        parts = self.wsgi(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return not response.should_close()

    def _refuse(self, exchange: Exchange, refusal: HTTPException) -> None:
        """Answer by the loop itself, in the words of the application."""
        if exchange.claim():
            self._answer(exchange, refusal)

    def _send(self, connection: Connection, data: bytes, *, keeps: bool) -> None:
        """Send an answer; by the loop, whatever is not taken at once."""
        connection.closes = not keeps
        connection.send(data)
        if connection.unsent or connection.closes:
            self.method_queue.defer(self._send_on, connection)
            return
        connection.release()
        if connection.buffer or connection.is_over:
            self.method_queue.defer(self._take, connection)

    def _send_on(self, connection: Connection) -> None:
        """Send what is left of an answer, and close or go on once it is gone."""
        if connection not in self._connections:
            return
        if connection.unsent:
            connection.send(bytes(connection.unsent))
        if connection.unsent:
            self._watch(connection, selectors.EVENT_WRITE)
        elif not connection.closes:
            connection.release()
            self._take(connection)
        elif connection.is_over:
            self._close(connection)
        else:
            connection.linger()
            self._watch(connection, selectors.EVENT_READ)

    def _close(self, connection: Connection) -> None:
        if connection in self._connections:
            del self._connections[connection]
            if not self.alive:
                self._next_look = 0.0  # it may have been the last
            self._watch(connection, 0)
            connection.sock.close()

    # Giving up

    def _look_round(self, now: float) -> None:
        """Give up what has taken too long, and tell the master that all is well."""
        self.notify()
        if not self.is_parent_alive():
            self.alive = False
        if not self.alive:
            self._drain(now)
        for exchange in list(self._in_flight):
            self._check_exchange(exchange, now)
        for connection in list(self._connections):
            self._check_connection(connection, now)

    def _check_exchange(self, exchange: Exchange, now: float) -> None:
        if exchange.connection.is_over and exchange.begun is None:
            if now > exchange.arrived + GONE_SECONDS and exchange.claim():
                self.log.info(CALLER_GONE)
                self._close(exchange.connection)
        elif now < exchange.deadline:
            self._next_look = min(self._next_look, exchange.deadline)
        elif not exchange.is_answered:
            self._refuse(
                exchange, GatewayTimeout("The deadline passed before the answer.")
            )
        elif (
            exchange.begun is not None
            and exchange not in self._hung
            and now > exchange.deadline + HANG_SECONDS
        ):
            self._replace(exchange)

    def _replace(self, exchange: Exchange) -> None:
        """Retire, since a thread does not come back, and say where it is."""
        self._hung.add(exchange)
        self.alive = False
        frame = sys._current_frames().get(exchange.thread or 0)
        stack = "".join(traceback.format_stack(frame)) if frame else ""
        self.log.critical(HUNG, extra={"stack": stack})

    def _check_connection(self, connection: Connection, now: float) -> None:
        waited = now - connection.since
        if connection.unsent:
            if waited > SEND_SECONDS:
                self._close(connection)
        elif connection.lingers:
            if waited > LINGER_SECONDS:
                self._close(connection)
        elif connection.exchange is not None:
            pass
        elif connection.buffer:
            if waited > self.bounds.receive_timeout_seconds:
                self._time_out(connection)
        elif waited > self.cfg.keepalive or now > self._idle_end:
            self._close(connection)

    def _time_out(self, connection: Connection) -> None:
        """Refuse a request that is not here in time."""
        frame = connection.read_frame(self._max_head_bytes, self.bounds.max_body_bytes)
        frame.size, frame.is_whole = len(connection.buffer), False
        self._refuse(
            connection.take(frame, 0),
            RequestTimeout("The request did not arrive in time."),
        )
