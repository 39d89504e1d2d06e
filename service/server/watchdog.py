"""Gives up requests whose caller is gone, whose deadline is over, or that hang."""

import logging
import math
import sys
import traceback
from dataclasses import dataclass, field
from types import FrameType

from werkzeug.exceptions import GatewayTimeout

from service.server.connections import Connections
from service.server.http_exchange import HttpExchange
from service.server.in_flight import InFlight
from service.server.responder import Responder
from service.settings import Settings

# An answer that takes so much longer than a request may is never expected any more,
# whatever its caller wants and however long it waited before.
HANG_SECONDS = 1.0

# A caller that only sends no more says so with its request; one that gives up, later.
GONE_SECONDS = 0.05

HUNG = "worker_hung"
CALLER_GONE = "caller_gone"

logger = logging.getLogger("gunicorn.error")


@dataclass(eq=False)
class Watchdog:
    """Looks after the requests in flight. It is for the event loop alone.

    `hung` are those whose thread does not come back.
    """

    settings: Settings
    in_flight: InFlight
    responder: Responder
    connections: Connections
    hung: set[HttpExchange] = field(default_factory=set)

    def check(self, now: float) -> float:
        """Give up what is not to be waited for, and return the next deadline."""
        next_deadline = math.inf
        for exchange in self.in_flight:
            if self._is_caller_gone(exchange):
                self._abandon(exchange)
            elif exchange.is_answered:
                self._check_thread(exchange, now)
            elif now < exchange.deadline:
                next_deadline = min(next_deadline, exchange.deadline)
            else:
                late = GatewayTimeout("The deadline passed before the answer.")
                self.responder.refuse(exchange, late)
                self.in_flight.drop(exchange)
        return next_deadline

    def _is_caller_gone(self, exchange: HttpExchange) -> bool:
        """Return True if no thread has begun the request of a caller that is gone."""
        if exchange.begun is not None or exchange.is_answered:
            return False
        return exchange.connection.over_since - exchange.arrived > GONE_SECONDS

    def _abandon(self, exchange: HttpExchange) -> None:
        if exchange.claim():
            logger.info(CALLER_GONE)
            self.connections.close(exchange.connection)
            self.in_flight.drop(exchange)

    def _check_thread(self, exchange: HttpExchange, now: float) -> None:
        """Note a request whose thread hangs, and log the thread once."""
        if exchange.begun is None or exchange in self.hung:
            return
        patience_seconds = self.settings.predict_timeout_seconds + HANG_SECONDS
        if now > exchange.begun + patience_seconds:
            is_known = any(other.thread == exchange.thread for other in self.hung)
            self.hung.add(exchange)
            if not is_known:  # as where it hangs with several
                log_stack(sys._current_frames().get(exchange.thread or 0))


def log_stack(frame: FrameType | None) -> None:
    """Log where a thread hangs."""
    stack = "".join(traceback.format_stack(frame)) if frame else ""
    logger.critical(HUNG, extra={"stack": stack})
