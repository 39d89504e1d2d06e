"""A request put to the application, and its answer written by gunicorn."""

from typing import Any

from gunicorn.http import wsgi
from werkzeug.exceptions import GatewayTimeout

from service.server.exchange import Exchange
from service.web.request import CONTEXT, RequestContext, describe_fault

GATEWAY_FAULT = "gateway_fault"

# Where the application failed, which answers its own faults.
FAULT_ANSWER = (
    b"HTTP/1.1 500 Internal Server Error\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


class Gateway:
    """Asks the application of a gunicorn worker."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def answer(
        self, exchange: Exchange, context: RequestContext
    ) -> tuple[list[bytes], bool]:
        """Return the parts of the answer, and whether the connection may be kept.

        Where the context has a refusal, the application only finds words for it.
        """
        try:
            return self._ask(exchange, context)
        except BaseException as error:  # noqa: BLE001 - of whatever kind a model raises
            # Not with its message, which may hold feature values.
            fault = {"fault": describe_fault(error)}
            self._worker.log.error(GATEWAY_FAULT, extra=fault)  # noqa: TRY400
            return [FAULT_ANSWER], False

    def _ask(
        self, exchange: Exchange, context: RequestContext
    ) -> tuple[list[bytes], bool]:
        outgoing, connection = Outgoing(), exchange.connection
        response, environ = wsgi.create(
            exchange.request,
            outgoing,
            connection.client,
            connection.server,
            self._worker.cfg,
        )
        environ["wsgi.multithread"] = True
        environ[CONTEXT] = context
        # A caller whose answer is late may find a worker that does not hang.
        if isinstance(context.refusal, GatewayTimeout) or not self._worker.alive:
            response.force_close()
        parts = self._worker.wsgi(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return outgoing.parts, not response.should_close()


class Outgoing:
    """Takes what gunicorn writes to a socket, to be sent at once when it is all.

    Large parts are not copied: many answers may hold the same asset.
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep the data."""
        self.parts.append(data)
