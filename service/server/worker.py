"""The worker: what its event loop does, and how it ends.

A request is answered once its last byte is here, so a slow caller holds no thread. No
thread has to be woken for it, which would take as long as the answer; if an answer
takes long, another thread takes over the event loop, and there is always one left.
"""

import math
import os
import selectors
import signal
import sys
import time
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from service.malloc import trim_memory
from service.server.balance import Balance
from service.server.connections import Connections
from service.server.drain import Drain, is_held
from service.server.http_exchange import HttpExchange
from service.server.in_flight import InFlight
from service.server.intake import Intake
from service.server.responder import Responder
from service.server.threads import Batcher, Threads
from service.server.transport import Transport
from service.server.watchdog import Watchdog, log_stack
from service.settings import Settings

# How often the event loop looks for what has waited too long, if nothing is due before.
TICK_SECONDS = 0.25

# A request of this size leaves memory behind that is free and not given back. It is, by
# a call of a few milliseconds, once the worker has had nothing to do for so long.
LARGE_BYTES = 2**20
QUIET_SECONDS = 1.0

# Events of a worker, beside gunicorn's own lines.
FAULT = "worker_fault"
NO_ROOM = "no_room_for_connections"
DRAINING = "draining"


class ReceivingWorker(ThreadWorker):  # type: ignore[misc]
    """Receives in its event loop, answers in its threads, and gives up in time.

    `batcher` is for a model that predicts together whatever waits: it is given all of
    that, a call for each request, and makes each when there is room for it.
    """

    settings = Settings()
    batcher: Batcher | None = None
    balance = Balance()  # made before any worker is forked
    slot = 0

    def init_signals(self) -> None:
        """Let signals wake the main thread, which waits for nothing else."""
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.siginterrupt(number, True)

    def handle_abort(self, _: int, frame: FrameType | None) -> None:
        """End at once, as gunicorn asks of a worker that hangs, and log where it is.

        SystemExit would pass for the model's own, which a proof takes for its answer.
        """
        log_stack(frame)
        os._exit(1)

    def run(self) -> None:
        """Serve until told to stop, and what has been begun is finished."""
        self._wire()
        self.set_accept_enabled(True)
        # One thread more than may answer, so that the event loop is never left alone.
        self._threads.run(self.cfg.threads + 1)
        for listener in self.sockets:
            listener.close()
        if self._watchdog.hung:  # a thread that hangs cannot be joined
            sys.exit(1)

    def _wire(self) -> None:
        queue, threads = self.method_queue, self.cfg.threads
        self.poller.register(queue, selectors.EVENT_READ, queue.run_callbacks)
        is_held = self.batcher.is_held if self.batcher else None
        in_flight = InFlight(self.settings, threads, is_held)
        responder = Responder(self.wsgi, self.cfg, lambda: self.alive)
        intake = Intake(
            self.cfg,
            self.settings,
            take_on=self._take_on,
            refuse=responder.refuse,
            find_refusal=in_flight.find_refusal,
        )
        room = self.cfg.worker_connections
        connections = Connections(self.poller, self.balance, self.slot, room)
        self._transport = Transport(connections, intake, queue.defer)
        responder.send = self._transport.send
        self._watchdog = Watchdog(self.settings, in_flight, responder, connections)
        self._threads = Threads(in_flight, self._turn, self._answer, self.batcher)
        self._in_flight, self._responder = in_flight, responder
        self._connections = connections
        self._next_tick, self._trims_at = 0.0, math.inf
        self._drain: Drain | None = None

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections from now on, or no more."""
        super().set_accept_enabled(enabled)
        self._connections.set_accepting(enabled)

    def accept(self, listener: Any) -> None:
        """Accept a connection; gunicorn calls this when there is one.

        Where that cannot be, the event loop would wake for it without end: it looks
        away until the next tick.
        """
        if not self._connections.accept(listener):
            self.log.error(NO_ROOM)
            self.set_accept_enabled(enabled=False)

    def _take_on(self, exchange: HttpExchange) -> None:
        """Queue a request, or answer at once: health, and what is too much."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        if exchange.request.is_health:
            self._responder.answer(exchange)
        elif refusal := self._in_flight.find_refusal(exchange.request):
            self._responder.refuse(exchange, refusal)
        else:
            self._in_flight.put(exchange)
            self._next_tick = min(self._next_tick, exchange.deadline)

    def _answer(self, exchange: HttpExchange) -> None:
        """Answer a request in this thread, unless it is too late for that."""
        if not exchange.is_answered:
            exchange.begin()
            self._responder.answer(exchange)
        self._in_flight.finish(exchange)
        if exchange.request.body_bytes > LARGE_BYTES:
            self._trims_at = time.monotonic() + QUIET_SECONDS

    def _turn(self, most_seconds: float) -> None:
        """Do one turn of the event loop. No event that fails keeps it from ticking."""
        try:
            try:
                due = min(self._next_tick, self._transport.next_due)
                seconds = min(due - time.monotonic(), most_seconds)
                self.wait_for_and_dispatch_events(max(0.0, seconds))
            finally:
                now = time.monotonic()
                self._transport.take_due(now)
                if now >= self._next_tick or not (self.alive or self._connections):
                    self._tick(now)
        except Exception:
            self.log.exception(FAULT)

    def _tick(self, now: float) -> None:
        """Give up what has taken too long, and tell the master that all is well."""
        self.notify()
        self._next_tick = now + TICK_SECONDS
        self._next_tick = min(self._next_tick, self._watchdog.check(now))
        lifecycle = self.wsgi.extensions["lifecycle"]
        if self._watchdog.hung or lifecycle.is_over or not self.is_parent_alive():
            self.alive = False
        if self.alive:
            self.set_accept_enabled(enabled=True)
        else:
            self._stop(now)
        is_ending = self._drain is not None and now > self._drain.idle_end
        self._transport.close_late(now, -1 if is_ending else self.cfg.keepalive)
        lifecycle.publish(len(self._in_flight))
        if now >= self._trims_at and not self._in_flight:
            self._trims_at = math.inf
            trim_memory()

    def _stop(self, now: float) -> None:
        """Do what is due for a worker that ends."""
        hung = {exchange.connection for exchange in self._watchdog.hung}
        if self._drain is None:
            is_stopping = not hung and not is_held(self.sockets[0], self.ppid)
            self.log.info(DRAINING, extra={"is_stopping": is_stopping})
            if is_stopping:
                self.wsgi.extensions["lifecycle"].drain()
            self._drain = Drain(self.settings, now, is_stopping=is_stopping)
        accepts = now < self._drain.closes
        self.set_accept_enabled(enabled=accepts)
        if accepts:
            self._next_tick = min(self._next_tick, self._drain.closes)
        elif hung.issuperset(self._connections) or now > self._drain.end:
            self._threads.end()
