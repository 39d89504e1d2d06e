"""What arrives: a request is taken on with its last byte, or refused before it."""

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, ServiceUnavailable

from service.web.worker.bounds import Bounds
from service.web.worker.connection import Connection, Exchange
from service.web.worker.framing import Frame
from service.web.worker.memory import SMALL_BYTES, Memory


class Arrivals:
    """The requests that connections bring. It is for the thread that keeps the loop.

    Each is given to `take_on` when its last byte is here, and to `refuse` if that takes
    too long.
    """

    def __init__(
        self,
        cfg: Any,
        bounds: Bounds,
        take_on: Callable[[Exchange], None],
        refuse: Callable[[Exchange, HTTPException], None],
    ) -> None:
        self._bounds = bounds
        self._take_on = take_on
        self._refuse = refuse
        # Room for the head's lines; gunicorn's parser is the one that refuses.
        self._max_head_bytes = cfg.limit_request_line + (
            cfg.limit_request_fields * (cfg.limit_request_field_size + 2)
        )
        self._memory = Memory(bounds.max_body_bytes)

    def take(self, connection: Connection) -> None:
        """Give the next request of a connection away, once it is all here."""
        frame = self._read(connection)
        if frame.size is not None:
            seconds = self._bounds.predict_timeout_seconds
            self._take_on(connection.take(frame, seconds))

    def _read(self, connection: Connection) -> Frame:
        return connection.read_frame(self._max_head_bytes, self._bounds.max_body_bytes)

    def give_up(self, connection: Connection, refusal: HTTPException) -> None:
        """Refuse a request that is not all here."""
        frame = self._read(connection)
        connection.drop_body()
        self.forget(connection)
        frame.size, frame.is_whole = len(connection.buffer), False
        self._refuse(connection.take(frame, 0), refusal)

    # Memory

    def bound_memory(self, connection: Connection) -> None:
        """Refuse the largest of what is arriving, while all hold too much."""
        if len(connection.buffer) <= SMALL_BYTES:
            return
        self._memory.note(connection)
        while (largest := self._memory.find_excess()) is not None:
            self.give_up(
                largest,
                ServiceUnavailable("Too much is arriving at once.", retry_after=1),
            )

    def forget(self, connection: Connection) -> None:
        """Count what a connection holds no more."""
        self._memory.forget(connection)
