"""The worker's threads, and what becomes of each request.

A request is taken up when its last byte is here, so a slow caller holds no thread. No
thread has to be woken for it, which would take as long as the answer; where an answer
takes long, the loop passes to another thread, and there is always one left to keep it.
"""

import math
import os
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import GatewayTimeout, HTTPException

from service.memory import trim_memory
from service.server.balance import Balance
from service.server.connections import Connections
from service.server.drain import Drain, is_held, plan_drain
from service.server.exchange import Exchange
from service.server.in_flight import InFlight
from service.server.intake import Intake
from service.server.leader import Leadership
from service.server.limits import WorkerLimits
from service.server.wsgi import Gateway
from service.web.request import RequestContext

# How often the loop looks for what has waited too long, if nothing is due sooner.
LOOK_SECONDS = 0.25

# A thread that is not back so long after the time that a request may take, whatever
# its caller wants and however long it waited before, is taken to hang.
HANG_SECONDS = 1.0

# A request of this size leaves memory behind that is free and not given back. It is, by
# a call of a few milliseconds, once the worker has had nothing to do for so long.
LARGE_BYTES = 2**20
QUIET_SECONDS = 1.0

# A caller that only sends no more says so with its request; one that gives up, later.
GONE_SECONDS = 0.05

# Those of a worker, beside gunicorn's own lines.
FAULT = "worker_fault"
INVALID_REQUEST = "invalid_request"
HUNG = "worker_hung"
CALLER_GONE = "caller_gone"
NO_ROOM = "no_room_for_connections"
DRAINING = "draining"


class ReceivingWorker(ThreadWorker):  # type: ignore[misc]
    """Receives in its loop, answers in its threads, and gives up in time.

    `gather` is there for a model that predicts together whatever waits: it is given
    all of that, a call for each request, and takes one up when there is room for it.
    """

    bounds = WorkerLimits()
    gather: Callable[[Iterable[Callable[[], None]]], None] | None = None
    balance = Balance()  # made before any worker is forked
    slot = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._gateway = Gateway(self)
        self._in_flight_requests = InFlight(
            self.bounds, self.cfg.threads, takes_all=self.gather is not None
        )
        self._hung: set[Exchange] = set()
        self._leadership = Leadership()
        self._patience_seconds = self.bounds.predict_timeout_seconds + HANG_SECONDS
        self._next_look = 0.0
        self._trims_at = math.inf
        self._drain: Drain | None = None
        self._is_done = threading.Event()

    def init_signals(self) -> None:
        """Let signals wake the main thread, which waits for nothing else."""
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.siginterrupt(number, True)

    def handle_abort(self, _: int, frame: FrameType | None) -> None:
        """End at once, as gunicorn asks of a worker that hangs, and say where it is.

        SystemExit would pass for the model's own, which a proof takes for its answer.
        """
        self._report(frame)
        os._exit(1)

    # The threads

    def run(self) -> None:
        """Serve until told to stop, and what has been begun is finished."""
        self.poller.register(
            self.method_queue.fileno(),
            selectors.EVENT_READ,
            self.method_queue.run_callbacks,
        )
        intake = Intake(
            self.cfg,
            self.bounds,
            take_on=self._take_on,
            refuse=self._refuse,
            find_refusal=self._in_flight_requests.find_refusal,
        )
        timeout = self.bounds.receive_timeout_seconds
        self._connections = Connections(self, intake, timeout)
        self.set_accept_enabled(True)
        # One thread more than may answer, so that the loop is never left alone.
        for _ in range(self.cfg.threads + 1):
            threading.Thread(target=self._serve, daemon=True).start()
        self._is_done.wait()
        for listener in self.sockets:
            listener.close()
        if self._hung:  # a thread that hangs cannot be joined
            sys.exit(1)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections from now on, or no more."""
        super().set_accept_enabled(enabled)
        self._connections.tell(is_open=enabled)

    def accept(self, listener: Any) -> None:
        """Accept a connection; gunicorn calls this when there is one.

        Where that cannot be, the loop would wake for it without end: it looks away
        until it next looks round.
        """
        if not self._connections.accept(listener):
            self.log.error(NO_ROOM)
            self.set_accept_enabled(enabled=False)

    def _serve(self) -> None:
        """Keep the loop and answer what it brings, in turn with the other threads."""
        baton = None
        while not self._is_done.is_set():
            count = self._in_flight_requests.find_work()
            if not count:
                if baton is None:
                    baton = self._leadership.wait()
                else:
                    self._turn()
                continue
            if baton is not None:
                self._leadership.leave(baton)
            exchanges = self._in_flight_requests.take_up(count)
            if self.gather is None or count == 1:
                for exchange in exchanges:
                    self._begin(exchange)
            else:
                self.gather(partial(self._begin, exchange) for exchange in exchanges)
            self._in_flight_requests.give_back()
            # Where another keeps the loop by now, this one goes on with what waits: so
            # much work leaves the loop a thread of its own.
            if baton is not None and not self._leadership.come_back(baton):
                baton = None

    def _begin(self, exchange: Exchange) -> None:
        """Answer a request, unless it is too late for that."""
        if not exchange.is_answered:
            exchange.begin()
            self._answer(exchange)
        self._in_flight_requests.finish(exchange)
        if exchange.request.body_bytes > LARGE_BYTES:
            self._trims_at = time.monotonic() + QUIET_SECONDS

    def _turn(self) -> None:
        """Do one turn of the loop; no event that fails keeps it from looking round."""
        try:
            try:
                due = min(self._next_look, self._connections.resume_at)
                self.wait_for_and_dispatch_events(max(0.0, due - time.monotonic()))
            finally:
                now = time.monotonic()
                if now >= self._connections.resume_at:
                    self._connections.resume()
                if now >= self._next_look or not (self.alive or self._connections):
                    self._next_look = now + LOOK_SECONDS
                    self._look_round(now)
        except Exception:
            self.log.exception(FAULT)

    # A request

    def _take_on(self, exchange: Exchange) -> None:
        """Queue a request, or answer at once: health, and what is too much."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False
        if exchange.request.is_health:
            self._answer(exchange)
        elif refusal := self._in_flight_requests.find_refusal(exchange.request):
            self._refuse(exchange, refusal)
        else:
            self._in_flight_requests.put(exchange)
            self._next_look = min(self._next_look, exchange.deadline)

    def _answer(self, exchange: Exchange) -> None:
        context = RequestContext(
            exchange.arrived, exchange.deadline, claim=exchange.claim
        )
        parts, keeps = self._gateway.answer(exchange, context)
        if context.close():  # else the loop has given its answer up
            self._connections.send(exchange.connection, parts, keeps=keeps)

    def _refuse(
        self, exchange: Exchange, refusal: HTTPException, fault: str | None = None
    ) -> None:
        """Answer by the loop itself, in the words of the application."""
        if fault is not None:
            ip = exchange.connection.address
            self.log.warning(INVALID_REQUEST, extra={"ip": ip, "reason": fault})
        if exchange.claim():
            context = RequestContext(exchange.arrived, exchange.deadline, refusal)
            parts, keeps = self._gateway.answer(exchange, context)
            self._connections.send(exchange.connection, parts, keeps=keeps)

    # Giving up

    def _look_round(self, now: float) -> None:
        """Give up what has taken too long, and tell the master that all is well."""
        self.notify()
        if not self.is_parent_alive():
            self.alive = False
        if self.alive:
            self.set_accept_enabled(enabled=True)
        else:
            self._stop(now)
        for exchange in self._in_flight_requests:
            self._check(exchange, now)
        self._connections.close_late(
            now, self._drain.idle_end if self._drain else math.inf
        )
        self.wsgi.extensions["lifecycle"].tell(len(self._in_flight_requests))
        if now >= self._trims_at and not self._in_flight_requests:
            self._trims_at = math.inf
            trim_memory()

    def _check(self, exchange: Exchange, now: float) -> None:
        waited = exchange.connection.over_since - exchange.arrived
        is_open = exchange.begun is None and not exchange.is_answered
        if is_open and waited > GONE_SECONDS:
            if exchange.claim():
                self.log.info(CALLER_GONE)
                self._connections.close(exchange.connection)
                self._in_flight_requests.drop(exchange)
        elif now < exchange.deadline:
            self._next_look = min(self._next_look, exchange.deadline)
        elif not exchange.is_answered:
            self._refuse(
                exchange, GatewayTimeout("The deadline passed before the answer.")
            )
            self._in_flight_requests.drop(exchange)
        elif (
            exchange.begun is not None
            and exchange not in self._hung
            and now > exchange.begun + self._patience_seconds
        ):
            self._replace(exchange)

    def _replace(self, exchange: Exchange) -> None:
        """Retire, since a thread does not come back, and say where it is."""
        is_known = any(other.thread == exchange.thread for other in self._hung)
        self._hung.add(exchange)
        self.alive = False
        if not is_known:  # as where it hangs with several
            self._report(sys._current_frames().get(exchange.thread or 0))

    def _report(self, frame: FrameType | None) -> None:
        stack = "".join(traceback.format_stack(frame)) if frame else ""
        self.log.critical(HUNG, extra={"stack": stack})

    def _stop(self, now: float) -> None:
        """Do what is due for a worker that ends."""
        if self._drain is None:
            is_stopping = not self._hung and not is_held(self.sockets[0], self.ppid)
            self.log.info(DRAINING, extra={"is_stopping": is_stopping})
            if is_stopping:
                self.wsgi.extensions["lifecycle"].drain()
            self._drain = plan_drain(self.bounds, now, is_stopping=is_stopping)
        accepts = now < self._drain.closes
        self.set_accept_enabled(enabled=accepts)
        if accepts:
            self._next_look = min(self._next_look, self._drain.closes)
            return
        hung = {exchange.connection for exchange in self._hung}
        if hung.issuperset(self._connections) or now > self._drain.end:
            self._is_done.set()
