"""Leader and follower: one thread runs the event loop, and also answers.

A leader that answers a request is mostly back before a follower could have been woken.
If an answer takes longer than 10 milliseconds, a follower takes over the event loop.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from service.server.http_exchange import HttpExchange
from service.server.in_flight import InFlight

# How long an answer can keep the event loop waiting. One follower checks as often
# whether it does, which costs some 10 microseconds.
PATIENCE_SECONDS = 0.01

# While requests wait, the event loop has a turn this often between two answers: else a
# small request would not be seen before all that wait are answered.
TURN_SECONDS = 0.001

# While each thread that may predict is held up, the event loop looks this often whether
# it has been for so long that another may.
HELD_SECONDS = 0.02


class Batcher(Protocol):
    """A model that predicts together what several requests want predicted."""

    def gather(self, calls: Iterable[tuple[Callable[[], None], float]]) -> None:
        """Make the calls, each wanted until a time.monotonic()."""

    def is_held(self) -> bool:
        """Return True while each batch takes far longer than it should."""


class Leadership:
    """Passes the event loop from thread to thread."""

    def __init__(self) -> None:
        self._watch = threading.Lock()
        self._guard = threading.Lock()
        self._leader = 0
        self._left_at = -math.inf  # time.monotonic(), if the leader answers

    def wait(self) -> None:
        """Wait until this thread is the leader."""
        with self._watch:  # one follower watches for all
            while not self._take_over():
                time.sleep(PATIENCE_SECONDS)

    def _take_over(self) -> bool:
        with self._guard:
            if time.monotonic() - self._left_at <= PATIENCE_SECONDS:
                return False
            self._leader, self._left_at = threading.get_ident(), math.inf
            return True

    def leave(self) -> None:
        """Leave the event loop for a request. It is for the leader alone."""
        self._left_at = time.monotonic()

    def come_back(self) -> bool:
        """Return True if this thread is still the leader."""
        with self._guard:
            if self._leader != threading.get_ident():
                return False
            self._left_at = math.inf
            return True


@dataclass(eq=False)
class Threads:
    """Run the event loop by `turn(most_seconds)`, and `answer` what it brings."""

    in_flight: InFlight
    turn: Callable[[float], None]
    answer: Callable[[HttpExchange], None]
    batcher: Batcher | None
    _leadership: Leadership = field(default_factory=Leadership)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _next_turn: float = 0.0

    def run(self, count: int) -> None:
        """Start `count` threads, and wait until `end` is called."""
        for _ in range(count):
            threading.Thread(target=self._serve, daemon=True).start()
        self._is_over.wait()

    def end(self) -> None:
        self._is_over.set()

    def _serve(self) -> None:
        is_leader = False
        while not self._is_over.is_set():
            is_due = self.in_flight.has_waiting and time.monotonic() > self._next_turn
            if is_leader and is_due:
                self._run_turn(0.0)
            if count := self.in_flight.find_work():
                if is_leader:
                    self._leadership.leave()
                self._answer_waiting(count)
                # Where another leads by now, this thread goes on with what waits: so
                # much work leaves the event loop a thread of its own.
                is_leader = is_leader and self._leadership.come_back()
            elif is_leader:
                is_held = self.batcher is not None and self.in_flight.has_waiting
                self._run_turn(HELD_SECONDS if is_held else math.inf)
            else:
                self._leadership.wait()
                is_leader = True

    def _run_turn(self, most_seconds: float) -> None:
        self.turn(most_seconds)
        self._next_turn = time.monotonic() + TURN_SECONDS

    def _answer_waiting(self, count: int) -> None:
        exchanges = self.in_flight.take(count)
        if self.batcher is None or count == 1:
            for exchange in exchanges:
                self.answer(exchange)
        else:
            self.batcher.gather(
                (partial(self.answer, exchange), exchange.deadline)
                for exchange in exchanges
            )
        self.in_flight.give_back()
