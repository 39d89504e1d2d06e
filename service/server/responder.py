"""Answers: the application's, written by gunicorn, for a thread or the event loop."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gunicorn.http import wsgi
from werkzeug.exceptions import GatewayTimeout, HTTPException

from service.server.http_exchange import HttpExchange
from service.web.request import CONTEXT, RequestContext, describe_fault

GATEWAY_FAULT = "gateway_fault"
INVALID_REQUEST = "invalid_request"

# Where the application failed, which answers its own faults.
FAULT_ANSWER = (
    b"HTTP/1.1 500 Internal Server Error\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)

logger = logging.getLogger("gunicorn.error")


@dataclass(eq=False)
class Responder:
    """Asks the application, and has its answer sent by `send`.

    Where the worker `is_alive` no more, connections are closed after an answer.
    """

    application: Any
    cfg: Any
    is_alive: Callable[[], bool]
    send: Callable[..., None] = field(init=False)

    def answer(self, exchange: HttpExchange) -> None:
        """Answer a request, unless its deadline passes before the answer is there."""
        claim = exchange.claim
        context = RequestContext(exchange.arrived, exchange.deadline, claim=claim)
        parts, keeps = self._ask(exchange, context)
        if context.close():
            self.send(exchange.connection, parts, keeps=keeps)

    def refuse(
        self, exchange: HttpExchange, refusal: HTTPException, fault: str | None = None
    ) -> None:
        """Answer a request that is not answered yet with a refusal.

        The application finds the words; `fault` names what is malformed, for the log.
        """
        connection = exchange.connection
        if fault is not None:
            extra = {"ip": connection.address, "reason": fault}
            logger.warning(INVALID_REQUEST, extra=extra)
        if exchange.claim():
            context = RequestContext(exchange.arrived, exchange.deadline, refusal)
            parts, keeps = self._ask(exchange, context)
            self.send(connection, parts, keeps=keeps)

    def _ask(
        self, exchange: HttpExchange, context: RequestContext
    ) -> tuple[list[bytes], bool]:
        """Return the parts of the answer, and whether the connection may be kept."""
        try:
            return self._call_application(exchange, context)
        except BaseException as error:  # noqa: BLE001 - of whatever kind a model raises
            # Not with its message, which may hold feature values.
            fault = {"fault": describe_fault(error)}
            logger.error(GATEWAY_FAULT, extra=fault)  # noqa: TRY400
            return [FAULT_ANSWER], False

    def _call_application(
        self, exchange: HttpExchange, context: RequestContext
    ) -> tuple[list[bytes], bool]:
        sent, connection = Parts(), exchange.connection
        client, server = connection.client, connection.server
        response, environ = wsgi.create(
            exchange.request, sent, client, server, self.cfg
        )
        environ["wsgi.multithread"] = True
        environ[CONTEXT] = context
        # A caller whose answer is late may find a worker that does not hang.
        if isinstance(context.refusal, GatewayTimeout) or not self.is_alive():
            response.force_close()
        parts = self.application(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return sent, not response.should_close()


class Parts(list[bytes]):
    """Takes what gunicorn writes to a socket, to be sent at once when it is all.

    Large parts are not copied: many answers may hold the same asset.
    """

    sendall = list.append
