"""The requests in flight: taken by a worker, and not answered yet."""

from collections import deque
from collections.abc import Iterator

from werkzeug.exceptions import HTTPException, ServiceUnavailable

from service.server.exchange import Exchange
from service.server.limits import WorkerLimits
from service.server.request import Request


class InFlight:
    """The requests in flight, those that wait and those that are being answered.

    So many threads may answer at a time. With `takes_all` each has all that waits.
    """

    def __init__(self, bounds: WorkerLimits, threads: int, *, takes_all: bool) -> None:
        self._max_in_flight = bounds.max_in_flight
        self._permits = [None] * threads
        self._takes_all = takes_all
        self._in_flight: set[Exchange] = set()
        self._waiting: deque[Exchange] = deque()

    def __len__(self) -> int:
        """Return how many are in flight."""
        return len(self._in_flight)

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over those that are in flight now."""
        return iter(list(self._in_flight))

    def find_refusal(self, request: Request) -> HTTPException | None:
        """Return why a request would be refused now, or None.

        There is room for one scrape more, which does not wait for the others: what has
        too much to do would otherwise hide it, and look as if it were down.
        """
        room = self._max_in_flight + request.is_scrape
        if len(self._in_flight) < room or request.is_health:
            return None
        return ServiceUnavailable("This process has too much to do.", retry_after=1)

    def put(self, exchange: Exchange) -> None:
        """Let a request wait for a thread."""
        is_first = exchange.request.is_scrape and not any(
            each.request.is_scrape for each in self
        )
        self._in_flight.add(exchange)
        (self._waiting.appendleft if is_first else self._waiting.append)(exchange)

    def find_work(self) -> int:
        """Return how many this thread is to answer: none, if there are enough that do.

        Whoever is given some gives back the permit for it.
        """
        if not self._waiting:
            return 0
        try:
            self._permits.pop()
        except IndexError:
            return 0
        return len(self._waiting) if self._takes_all else 1

    def take_up(self, count: int) -> Iterator[Exchange]:
        """Yield so many, each only when it is asked for: a scrape may yet be first."""
        for _ in range(count):
            try:
                exchange = self._waiting.popleft()
            except IndexError:  # another thread was first
                return
            yield exchange

    def give_back(self) -> None:
        """Let another thread answer."""
        self._permits.append(None)

    def drop(self, exchange: Exchange) -> None:
        """Forget a request that was answered before any thread took it up."""
        try:
            self._waiting.remove(exchange)
        except ValueError:  # a thread has it by now, and finishes it
            return
        self._in_flight.discard(exchange)

    def finish(self, exchange: Exchange) -> None:
        """Forget a request that is answered."""
        self._in_flight.discard(exchange)
