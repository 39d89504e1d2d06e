"""Who runs the event loop, and who answers."""

import socket
import threading
import time
from collections.abc import Callable, Iterable

from server import PATIENCE_SECONDS

from service.server.connection import Connection
from service.server.http_exchange import HttpExchange
from service.server.in_flight import InFlight
from service.server.request import build_stand_in
from service.server.threads import TURN_SECONDS, Threads
from service.settings import Settings


def put(in_flight: InFlight, requests: int) -> None:
    """Let so many requests wait."""
    with socket.socket() as sock:
        connection = Connection(sock, None, None)
    for _ in range(requests):
        in_flight.put(HttpExchange(connection, build_stand_in(b""), seconds=10))


def test_the_event_loop_has_its_turn_while_requests_wait() -> None:
    events: list[str] = []

    def turn(most_seconds: float) -> None:
        if not events:
            put(in_flight, 3)
        elif most_seconds:  # nothing waits any more
            threads.end()
        events.append("turn" if most_seconds else "glance")

    def answer(exchange: HttpExchange) -> None:
        events.append("answer")
        time.sleep(2 * TURN_SECONDS)
        in_flight.finish(exchange)

    in_flight = InFlight(Settings(), threads=1)
    threads = Threads(in_flight, turn, answer, None)
    threads.run(1)
    assert events == ["turn", "answer", *(2 * ["glance", "answer"]), "turn"]


def test_another_thread_takes_the_event_loop_over_from_a_long_answer() -> None:
    looped = threading.Event()
    loopers: set[int] = set()
    answered: list[bool] = []

    def turn(_: float) -> None:
        loopers.add(threading.get_ident())
        if answering and threading.get_ident() not in answering:
            looped.set()
        if answered:
            threads.end()

    def answer(exchange: HttpExchange) -> None:
        answering.add(threading.get_ident())
        answered.append(looped.wait(PATIENCE_SECONDS))
        in_flight.finish(exchange)

    answering: set[int] = set()
    in_flight = InFlight(Settings(), threads=1)
    put(in_flight, 1)
    threads = Threads(in_flight, turn, answer, None)
    threads.run(2)
    assert answered == [True]


def test_a_model_that_takes_batches_is_given_all_that_waits_at_once() -> None:
    sizes: list[int] = []

    class Counting:
        """Makes all calls at once, and counts them."""

        def gather(self, calls: Iterable[tuple[Callable[[], None], float]]) -> None:
            batch = list(calls)
            sizes.append(len(batch))
            for call, deadline in batch:
                assert deadline > time.monotonic()
                call()
            assert not in_flight

        def is_held(self) -> bool:
            return False

    batcher = Counting()
    in_flight = InFlight(Settings(), threads=1, is_held=batcher.is_held)
    put(in_flight, 3)
    threads = Threads(in_flight, lambda _: threads.end(), in_flight.finish, batcher)
    threads.run(1)
    assert sizes == [3]
