"""The requests in flight: taken by a worker, and not answered yet.

Small requests do not wait behind bulk: each goes ahead of what would take much longer
and has not waited long for its size.
"""

import itertools
import math
import threading
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import suppress

from werkzeug.exceptions import HTTPException, ServiceUnavailable

from service.server.http_exchange import HttpExchange
from service.server.request import Request
from service.settings import Settings

# A request yields to those that arrive within this many seconds for each byte of its
# body: 3 milliseconds for one row, 0.3 seconds for 30 kB. That is a hundred times what
# it takes to answer, at some 0.1 microseconds for a byte. It is a quarter of the time
# until its deadline at most.
YIELD_SECONDS_PER_BYTE = 10e-6
MAX_YIELD_SHARE = 0.25


class InFlight:
    """The requests in flight, those that wait and those that are being answered.

    `threads` may answer at a time. Where requests are predicted together, `is_held` is
    given: then a thread takes all that waits, and another has work only while each that
    answers is held up for longer than it should be.
    """

    def __init__(
        self,
        settings: Settings,
        threads: int,
        is_held: Callable[[], bool] | None = None,
    ) -> None:
        self._max_in_flight = settings.max_in_flight
        self._usual = threads if is_held is None else 1
        self._permits = [None] * self._usual
        self._spare = [None] * (threads - self._usual)
        self._giving_back = threading.Lock()
        self._is_held = is_held
        self._in_flight: set[HttpExchange] = set()
        self._numbers = itertools.count()
        # In order. One thread adds, and several take: each in one call that holds the
        # interpreter, since the numbers differ and no exchange is compared.
        self._waiting: list[tuple[float, int, HttpExchange]] = []

    def __len__(self) -> int:
        return len(self._in_flight)

    def __iter__(self) -> Iterator[HttpExchange]:
        return iter(list(self._in_flight))

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    def find_refusal(self, request: Request) -> HTTPException | None:
        """Return why a request would be refused now, or None.

        There is room for one scrape more, or a worker with too much to do would look as
        if it were down.
        """
        room = self._max_in_flight + request.is_scrape
        if len(self._in_flight) < room or request.is_health:
            return None
        return ServiceUnavailable("This process has too much to do.", retry_after=1)

    def put(self, exchange: HttpExchange) -> None:
        """Let a request wait for a thread."""
        rank = self._rank(exchange)
        self._in_flight.add(exchange)
        insort(self._waiting, (rank, next(self._numbers), exchange))

    def _rank(self, exchange: HttpExchange) -> float:
        """Return time.monotonic() until which others may arrive and go ahead.

        A scrape yields to none, unless there is another.
        """
        if exchange.request.is_scrape and not any(e.request.is_scrape for e in self):
            return -math.inf
        most = MAX_YIELD_SHARE * (exchange.deadline - exchange.arrived)
        yields = YIELD_SECONDS_PER_BYTE * exchange.request.body_bytes
        return exchange.arrived + min(yields, most)

    def find_work(self) -> int:
        """Return how many requests this thread is to answer: 0 if enough threads do.

        A thread that is given some calls `give_back` after them.
        """
        if not self._waiting:
            return 0
        try:
            (self._spare if self._needs_spare() else self._permits).pop()
        except IndexError:
            return 0
        return 1 if self._is_held is None else len(self._waiting)

    def _needs_spare(self) -> bool:
        return self._is_held is not None and not self._permits and self._is_held()

    def take(self, count: int) -> Iterator[HttpExchange]:
        """Yield up to `count` requests, each chosen when it is asked for."""
        for _ in range(count):
            try:
                yield self._waiting.pop(0)[-1]
            except IndexError:  # another thread was first
                return

    def give_back(self) -> None:
        """Let another thread answer."""
        with self._giving_back:
            is_usual = len(self._permits) < self._usual
            (self._permits if is_usual else self._spare).append(None)

    def drop(self, exchange: HttpExchange) -> None:
        """Forget a request that was answered before any thread took it."""
        for entry in list(self._waiting):
            if entry[-1] is exchange:
                with suppress(ValueError):  # a thread has it by now, and finishes it
                    self._waiting.remove(entry)
                    self._in_flight.discard(exchange)

    def finish(self, exchange: HttpExchange) -> None:
        """Forget a request that is answered."""
        self._in_flight.discard(exchange)
