"""What arrives: a request is taken on with its last byte, or refused before it."""

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, ServiceUnavailable

from service.web.worker.bounds import Bounds
from service.web.worker.connection import CONTINUE, Connection, Exchange
from service.web.worker.framing import Frame
from service.web.worker.memory import SMALL_BYTES, Memory


class Arrivals:
    """The requests that connections bring. It is for the thread that keeps the loop.

    Each is given to `take_on` when it is all here, and to `refuse` if that takes too
    long, or if it is large and `find_refusal` knows from its head that it is in vain.
    """

    def __init__(
        self,
        cfg: Any,
        bounds: Bounds,
        take_on: Callable[[Exchange], None],
        refuse: Callable[[Exchange, HTTPException], None],
        find_refusal: Callable[[bytearray], HTTPException | None],
    ) -> None:
        self._bounds = bounds
        self._take_on = take_on
        self._refuse = refuse
        self._find_refusal = find_refusal
        # Room for the head's lines; gunicorn's parser is the one that refuses.
        self._max_head_bytes = cfg.limit_request_line + (
            cfg.limit_request_fields * (cfg.limit_request_field_size + 2)
        )
        self._memory = Memory(bounds.max_body_bytes)

    def take(self, connection: Connection) -> bool:
        """Give the next request of a connection away, once it is all here.

        Return whether it is large and wanted, and only begun: it is to be read at once,
        before another that is wanted as well takes the room.
        """
        had_head = connection.has_head
        frame = self._read(connection)
        if frame.size is not None:
            seconds = self._bounds.predict_timeout_seconds
            self._take_on(connection.take(frame, seconds))
        elif connection.has_head and not had_head:
            return self._judge(connection, frame)
        return False

    def _read(self, connection: Connection) -> Frame:
        return connection.read_frame(self._max_head_bytes, self._bounds.max_body_bytes)

    def _judge(self, connection: Connection, frame: Frame) -> bool:
        """Ask for a body that waits to be asked for, unless it would be in vain.

        A small one is waited for: it costs nothing, and there may be room by then.
        So is a large one that was wanted once: on its long way it would hardly find
        room at every moment.
        """
        is_large = frame.expected is not None and frame.expected > SMALL_BYTES
        if frame.awaits_continue or is_large:
            refusal = self._find_refusal(connection.buffer)
            if refusal is not None:
                self._turn_away(connection, frame, refusal)
                return False
        if frame.awaits_continue:
            connection.send(CONTINUE)
            return False
        return is_large

    def _turn_away(
        self, connection: Connection, frame: Frame, refusal: HTTPException
    ) -> None:
        """Refuse a request by its head, and let the body pass.

        That costs less than a new connection. Where nobody knows whether the body
        comes, or how long it is, the next request could not be found behind it.
        """
        if frame.awaits_continue or frame.expected is None:
            self.give_up(connection, refusal)
            return
        connection.unwanted = frame.expected - len(connection.buffer)
        self._drop(connection, frame, refusal)

    def give_up(self, connection: Connection, refusal: HTTPException) -> None:
        """Refuse a request that is not all here."""
        frame = self._read(connection)
        frame.is_whole = False
        self._drop(connection, frame, refusal)

    def _drop(
        self, connection: Connection, frame: Frame, refusal: HTTPException
    ) -> None:
        connection.drop_body()
        self.forget(connection)
        frame.size = len(connection.buffer)
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
