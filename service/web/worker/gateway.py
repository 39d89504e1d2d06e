"""A request put to the application: gunicorn reads it, and writes the answer."""

from functools import partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from werkzeug.exceptions import GatewayTimeout, HTTPException

from service.web.call import ARRIVED, CLAIM, DEADLINE, REFUSAL
from service.web.logs.requestlog import describe_fault
from service.web.worker.connection import Answerer, Exchange
from service.web.worker.unread import STAND_IN, find_refusal

INVALID_REQUEST = "invalid_request"
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
        self,
        exchange: Exchange,
        answerer: Answerer,
        refusal: HTTPException | None = None,
    ) -> tuple[bytes, bool]:
        """Return the answer, and whether the connection may be kept.

        A request that is refused is not looked at further; the application finds words.
        """
        try:
            request = self._read(exchange.received, exchange)
        except (NoMoreData, StopIteration):
            return b"", False  # the head was cut short: there is nobody to answer
        except ParseException as error:
            caller = exchange.connection.client
            self._worker.log.warning(
                INVALID_REQUEST,
                extra={"ip": caller and caller[0], "reason": type(error).__name__},
            )
            request = self._read(STAND_IN, exchange)
            refusal = refusal or find_refusal(error)
        try:
            return self._ask(exchange, answerer, request, refusal)
        except BaseException as error:  # noqa: BLE001 - of whatever kind a model raises
            # Not with its message, which may hold feature values.
            fault = {"fault": describe_fault(error)}
            self._worker.log.error(GATEWAY_FAULT, extra=fault)  # noqa: TRY400
            return FAULT_ANSWER, False

    def _read(self, received: bytes, exchange: Exchange) -> Any:
        """Return gunicorn's reading of a request. Raises ParseException, NoMoreData."""
        client = exchange.connection.client
        return next(RequestParser(self._worker.cfg, iter((received,)), client))

    def _ask(
        self,
        exchange: Exchange,
        answerer: Answerer,
        request: Any,
        refusal: HTTPException | None,
    ) -> tuple[bytes, bool]:
        """Return the application's answer, and whether the connection is kept."""
        outgoing, connection = Outgoing(), exchange.connection
        response, environ = wsgi.create(
            request, outgoing, connection.client, connection.server, self._worker.cfg
        )
        environ["wsgi.multithread"] = True
        environ[ARRIVED] = exchange.arrived
        environ[DEADLINE] = exchange.deadline
        environ[CLAIM] = partial(exchange.claim, answerer)
        if refusal is not None:
            environ[REFUSAL] = refusal
        # A caller whose answer is late may find a worker that does not hang.
        is_late = isinstance(refusal, GatewayTimeout)
        if is_late or not exchange.is_whole or not self._worker.alive:
            response.force_close()
        parts = self._worker.wsgi(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return outgoing.take(), not response.should_close()


class Outgoing:
    """Takes what gunicorn writes to a socket, to be sent at once when it is all."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep the data."""
        self._parts.append(data)

    def send(self, _: bytes) -> None:
        """Send no second 100 Continue: it went out when it was asked for."""

    def gettimeout(self) -> float:
        """Say that this never blocks."""
        return 0.0

    def take(self) -> bytes:
        """Return all that was written."""
        return b"".join(self._parts)
