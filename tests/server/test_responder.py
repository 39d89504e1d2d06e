"""The application is asked: who is first has its answer sent, and faults are logged."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from event_loop import Loop, open_loop
from gunicorn.config import Config
from werkzeug.exceptions import GatewayTimeout, HTTPException, ServiceUnavailable

from service.server.responder import FAULT_ANSWER, GATEWAY_FAULT, Responder
from service.web.request import CONTEXT, RequestContext

REQUEST = b"GET /path HTTP/1.1\r\nHost: a\r\n\r\n"

loop = pytest.fixture(open_loop)


class Application:
    """Answers with a path, or a refusal, and keeps the contexts that it is given."""

    def __init__(self) -> None:
        self.contexts: list[RequestContext] = []
        self.fault: BaseException | None = None

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        context: RequestContext = environ[CONTEXT]
        self.contexts.append(context)
        if self.fault is not None:
            raise self.fault
        code = context.refusal.code if context.refusal else 200
        body = environ["PATH_INFO"].encode()
        start_response(f"{code} X", [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def responder(loop: Loop, application: Application) -> Responder:
    responder = Responder(application, Config(), lambda: True)
    responder.send = loop.transport.send
    return responder


def test_an_answer_is_sent_with_the_times_of_its_request(
    loop: Loop, application: Application, responder: Responder
) -> None:
    exchange = loop.ask(REQUEST)
    responder.answer(exchange)
    answer = loop.caller.recv(1000)
    assert answer.startswith(b"HTTP/1.1 200 X\r\n")
    assert answer.endswith(b"\r\n\r\n/path")
    assert b"\r\nConnection: keep-alive\r\n" in answer
    [context] = application.contexts
    assert (context.arrived, context.deadline) == (exchange.arrived, exchange.deadline)
    assert context.close()


def test_an_answer_is_dropped_where_another_was_sent(
    loop: Loop, application: Application, responder: Responder
) -> None:
    exchange = loop.ask(REQUEST)
    responder.refuse(exchange, ServiceUnavailable())
    responder.answer(exchange)
    responder.refuse(exchange, ServiceUnavailable())
    assert loop.caller.recv(1000).startswith(b"HTTP/1.1 503 X\r\n")
    assert [each.close() for each in application.contexts] == [True, False]
    loop.connections.close(loop.connection)
    assert loop.caller.recv(1000) == b""


@pytest.mark.parametrize(
    ("refusal", "is_alive"), [(GatewayTimeout(), True), (ServiceUnavailable(), False)]
)
def test_a_connection_is_closed_by_a_late_answer_and_by_a_worker_that_ends(
    loop: Loop, application: Application, refusal: HTTPException, is_alive: bool
) -> None:
    responder = Responder(application, Config(), lambda: is_alive)
    responder.send = loop.transport.send
    responder.refuse(loop.ask(REQUEST), refusal)
    assert b"\r\nConnection: close\r\n" in loop.caller.recv(1000)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, BaseException])
def test_a_fault_of_the_application_is_answered_and_its_words_are_not_logged(
    loop: Loop,
    application: Application,
    responder: Responder,
    kind: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    application.fault = kind("a feature value")
    exchange = loop.ask(REQUEST)
    responder.answer(exchange)
    assert loop.caller.recv(1000) == FAULT_ANSWER
    assert exchange.is_answered
    [record] = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, GATEWAY_FAULT)
    fault = vars(record)["fault"]
    assert fault.endswith(kind.__name__)
    assert "a feature value" not in fault
