"""What arrives: a request is taken on with its last byte, or refused before it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import HTTPException, ServiceUnavailable

from service.server.body_budget import SMALL_BYTES, BodyBudget
from service.server.connection import CONTINUE, Connection
from service.server.http_exchange import HttpExchange
from service.server.reader import RequestReader
from service.server.request import Request
from service.settings import Settings


@dataclass(eq=False)
class Intake:
    """The requests that connections bring. It is for the event loop alone.

    Each is given to `take_on` when it is all here, and to `refuse` if it is malformed,
    takes too long, or is large and `find_refusal` knows from its head that it would be
    refused.
    """

    cfg: Any
    settings: Settings
    take_on: Callable[[HttpExchange], None]
    refuse: Callable[[HttpExchange, HTTPException, str | None], None]
    find_refusal: Callable[[Request], HTTPException | None]

    def __post_init__(self) -> None:
        self._budget = BodyBudget(self.settings.max_body_bytes)

    def take(self, connection: Connection) -> bool:
        """Give the next request of a connection away, once it is all here.

        Return True if it is large and wanted, and only begun: it is to be read at once,
        before another that is wanted as well takes the room.
        """
        had_head = connection.reader is not None and connection.reader.request
        reader = self._read(connection)
        if reader.refusal is not None:
            self.give_up(connection, reader.refusal, reader.fault)
        elif reader.request is not None:
            if reader.is_complete:
                seconds = self.settings.predict_timeout_seconds
                self.take_on(HttpExchange(connection, reader.request, seconds))
            elif not had_head:
                return self._judge(connection, reader.request)
        return False

    def _read(self, connection: Connection) -> RequestReader:
        return connection.read_request(self.cfg, self.settings.max_body_bytes)

    def _judge(self, connection: Connection, request: Request) -> bool:
        """Ask for a body that waits to be asked for, unless it would be in vain.

        A small one is waited for: it costs nothing, and there may be room by then. A
        large one is judged once, by its head: judged again at every read, it would
        hardly find room each time on its long way.
        """
        length = request.content_length
        is_large = length is not None and length > SMALL_BYTES
        if request.awaits_continue or is_large:
            refusal = self.find_refusal(request)
            if refusal is not None:
                self._turn_away(connection, request, refusal)
                return False
        if request.awaits_continue:
            connection.send([CONTINUE])
            return False
        return is_large

    def _turn_away(
        self, connection: Connection, request: Request, refusal: HTTPException
    ) -> None:
        """Refuse a request by its head, and let the body pass.

        That costs less than a new connection. Where nobody knows whether the body
        comes, or how long it is, the next request could not be found behind it.
        """
        if request.awaits_continue or request.content_length is None:
            self.give_up(connection, refusal)
            return
        connection.unwanted = request.content_length - len(connection.buffer)
        connection.buffer.clear()
        self.forget(connection)
        self.refuse(HttpExchange(connection, request, 0), refusal, None)

    def give_up(
        self, connection: Connection, refusal: HTTPException, fault: str | None = None
    ) -> None:
        """Refuse a request that is malformed or not all here, and close after it."""
        reader = connection.reader or self._read(connection)
        request = reader.refuse(refusal)
        connection.buffer.clear()
        self.forget(connection)
        self.refuse(HttpExchange(connection, request, 0), refusal, fault)

    def bound_memory(self, connection: Connection) -> None:
        """Refuse the largest of what is arriving, while all hold too much."""
        if connection.size <= SMALL_BYTES:
            return
        self._budget.note(connection)
        while (largest := self._budget.find_excess()) is not None:
            self.give_up(
                largest,
                ServiceUnavailable("Too much is arriving at once.", retry_after=1),
            )

    def forget(self, connection: Connection) -> None:
        """Count what a connection holds no more."""
        self._budget.forget(connection)
