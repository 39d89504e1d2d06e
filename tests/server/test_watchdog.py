"""What is not waited for: late requests, abandoned ones, and threads that hang."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from event_loop import Loop, open_loop
from gunicorn.config import Config

from service.server.responder import Responder
from service.server.watchdog import (
    CALLER_GONE,
    GONE_SECONDS,
    HANG_SECONDS,
    HUNG,
    Watchdog,
)
from service.settings import Settings
from service.web.request import CONTEXT

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE_SECONDS = Settings.predict_timeout_seconds + HANG_SECONDS

loop = pytest.fixture(open_loop)


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Answer with the refusal that is decided, or that there is none."""
    refusal = environ[CONTEXT].refusal
    code = refusal.code if refusal else 200
    start_response(f"{code} X", [("Content-Length", "0")])
    return []


@pytest.fixture
def watchdog(loop: Loop) -> Watchdog:
    responder = Responder(application, Config(), lambda: True)
    responder.send = loop.transport.send
    return Watchdog(Settings(), loop.in_flight, responder, loop.connections)


def test_a_late_request_is_answered_once_and_forgotten(
    loop: Loop, watchdog: Watchdog
) -> None:
    exchange = loop.ask(REQUEST)
    loop.in_flight.put(exchange)
    assert watchdog.check(exchange.deadline - 0.1) == exchange.deadline
    assert not exchange.is_answered
    assert watchdog.check(exchange.deadline) == math.inf
    assert loop.caller.recv(1000).startswith(b"HTTP/1.1 504 ")
    assert not loop.in_flight
    assert not exchange.claim()


def test_a_request_whose_caller_is_gone_is_dropped_before_it_is_begun(
    loop: Loop, watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gunicorn.error")
    exchange = loop.ask(REQUEST)
    loop.in_flight.put(exchange)
    time.sleep(GONE_SECONDS)
    loop.caller.close()
    while not exchange.connection.is_over:
        loop.turn()
    watchdog.check(time.monotonic())
    assert not loop.in_flight
    assert not loop.connections
    assert [record.message for record in caplog.records] == [CALLER_GONE]


def test_a_thread_that_does_not_come_back_is_noted_and_logged_once(
    loop: Loop, watchdog: Watchdog, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = loop.ask(REQUEST)
    loop.in_flight.put(exchange)
    [exchange] = loop.in_flight.take(1)
    exchange.begin()
    began = exchange.begun or 0.0
    watchdog.check(exchange.deadline)  # answers, and the thread goes on
    assert exchange.is_answered
    watchdog.check(began + PATIENCE_SECONDS)
    assert not watchdog.hung
    for _ in range(2):
        watchdog.check(began + PATIENCE_SECONDS + 0.1)
        assert watchdog.hung == {exchange}
    [record] = caplog.records
    assert record.message == HUNG
    assert __name__.rpartition(".")[-1] in vars(record)["stack"]
