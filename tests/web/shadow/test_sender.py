"""What a worker hands over to the shadow, over a real socket."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Response

from service.model.contract.instances import Predictions
from service.model.contract.prediction_form import form_values
from service.web.monitoring.counts import Counts
from service.web.request import RequestContext
from service.web.shadow.handover import Handover
from service.web.shadow.inbox import Inbox
from service.web.shadow.metrics import DROPS, ShadowInstruments
from service.web.shadow.sender import MAX_WAITING, MAX_WAITING_BYTES, Sender

SMALL = b"{}"


def answer(body: bytes = SMALL, status: int = 200) -> RequestContext:
    """Return the context of a request that was answered with the same bytes."""
    call = RequestContext(arrived=0.0, dialect="v1")
    call.body, call.status, call.response = (
        body,
        status,
        Response(body, content_type="application/json"),
    )
    call.predictions = Predictions(form_values(["value"]), None, [[1.0]])
    call.stages = {"queue": 9.0, "validate": 0.25, "predict": 0.5}
    return call


class Ends:
    """Both ends, and what the worker's has dropped."""

    def __init__(self, folder: Path, share: float = 1.0) -> None:
        self.path = folder / "socket"
        self.instruments = ShadowInstruments(Counts(folder, 0))
        self.sender = Sender(self.path, share, self.instruments)
        self.alive, self.held = os.pipe()
        self.inbox: Inbox | None = None

    def listen(self) -> Iterator[Handover]:
        """Begin to listen; what is taken then is yielded."""
        self.inbox = Inbox(self.path)
        return self.inbox.wait(self.alive)

    def close(self) -> None:
        """Close whatever is open."""
        self.sender.close()
        if self.inbox is not None:
            self.inbox.close()
        os.close(self.alive)
        with suppress(OSError):
            os.close(self.held)

    def count_dropped(self) -> dict[str, float]:
        cells = {reason: self.instruments.dropped[reason] for reason in DROPS}
        found = {reason: cell.numbers[cell.index] for reason, cell in cells.items()}
        return {reason: count for reason, count in found.items() if count}


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    """Both ends of a share of all requests."""
    ends = Ends(tmp_path)
    yield ends
    ends.close()


@pytest.mark.parametrize("size", [2, 300_000, MAX_WAITING_BYTES])
def test_a_request_arrives_whole(ends: Ends, size: int) -> None:
    taken = ends.listen()
    ends.sender.offer(answer(size * b"x"))
    assert next(taken) == Handover(size * b"x", size * b"x", 0.75)
    assert ends.count_dropped() == {}


def test_what_was_not_answered_is_not_handed_over(ends: Ends) -> None:
    taken = ends.listen()
    ends.sender.offer(answer(status=503))
    unpredicted = answer()
    unpredicted.predictions = None
    ends.sender.offer(unpredicted)
    ends.sender.offer(answer(b"last"))
    assert next(taken).request == b"last"


def test_of_no_share_nothing_is_handed_over(tmp_path: Path) -> None:
    ends = Ends(tmp_path, share=0.0)
    ends.sender.offer(answer())
    assert ends.count_dropped() == {}
    ends.close()


def test_of_a_half_some_are_handed_over(tmp_path: Path) -> None:
    """A half of 200 is none or all of them once in 10 to the 60 times."""
    ends = Ends(tmp_path, share=0.5)
    for _ in range(200):
        ends.sender.offer(answer())
    assert 0 < ends.count_dropped()["away"] < 200
    ends.close()


def test_without_a_shadow_a_request_is_dropped(ends: Ends) -> None:
    ends.sender.offer(answer())
    assert ends.count_dropped() == {"away": 1}
    ends.listen()
    ends.sender.offer(answer())
    assert ends.count_dropped() == {"away": 1}


def test_so_many_requests_wait_and_no_more(ends: Ends) -> None:
    taken = ends.listen()
    for _ in range(MAX_WAITING + 3):
        ends.sender.offer(answer())
    assert ends.count_dropped() == {"queue_full": 3}
    for _ in range(MAX_WAITING):
        assert next(taken).request == SMALL
    ends.sender.offer(answer(b"{ }"))
    assert next(taken).request == b"{ }"
    assert ends.count_dropped() == {"queue_full": 3}


def test_so_many_bytes_wait_and_one_request_more(ends: Ends) -> None:
    taken = ends.listen()
    half = answer(MAX_WAITING_BYTES // 4 * b"x")
    for _ in range(4):
        ends.sender.offer(half)
    assert ends.count_dropped() == {"queue_full": 1}
    for _ in range(2):
        next(taken)
    ends.sender.offer(half)
    assert ends.count_dropped() == {"queue_full": 1}


def test_what_a_shadow_took_along_is_lost(ends: Ends) -> None:
    ends.listen()
    for _ in range(3):
        ends.sender.offer(answer())
    assert ends.inbox is not None
    ends.inbox.close()
    ends.sender.offer(answer())
    assert ends.count_dropped() == {"away": 1, "lost": 3}
    taken = ends.listen()
    ends.sender.offer(answer(b"[]"))
    assert next(taken).request == b"[]"


def test_a_shadow_that_comes_back_is_found_at_once(ends: Ends) -> None:
    taken = ends.listen()
    for _ in range(2):
        ends.sender.offer(answer())
        next(taken)
    assert ends.inbox is not None
    ends.inbox.close()
    taken = ends.listen()
    ends.sender.offer(answer(b"[]"))
    assert next(taken).request == b"[]"
    assert ends.count_dropped() == {"lost": 1}


def test_it_ends_with_its_server(ends: Ends) -> None:
    taken = ends.listen()
    ends.sender.offer(answer())
    assert next(taken).request == SMALL
    os.close(ends.held)
    assert list(taken) == []
