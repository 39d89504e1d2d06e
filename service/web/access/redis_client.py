"""A client of Redis with one deadline for an answer; all its faults are a RedisError.

redis-py restarts its time-out for each piece of an answer, so a server that sends a
byte now and then would hold up a request for ever; and on a malformed answer its parser
raises any exception.
"""

import math
import threading
import time
from contextlib import suppress
from typing import Any

from redis import Redis
from redis._parsers import _RESP2Parser
from redis._parsers.socket import SocketBuffer
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import InvalidResponse, RedisError, TimeoutError  # noqa: A004
from redis.retry import Retry
from redis.utils import SENTINEL

from service.settings import SettingsError

# An answer has some 40.
MAX_ANSWER_BYTES = 64 * 1024


class Deadline(threading.local):
    """The time until which this thread waits for Redis, by time.monotonic()."""

    end = math.inf

    def begin(self, seconds: float) -> None:
        """Allow this many seconds for all that is read until the next call."""
        self.end = time.monotonic() + seconds


deadline = Deadline()


class BoundedBuffer(SocketBuffer):
    """Reads until the deadline, and no more than an answer may have."""

    def _read_from_socket(
        self,
        length: int | None = None,
        timeout: Any = SENTINEL,
        raise_on_timeout: bool | None = True,
    ) -> bool:
        if timeout is not SENTINEL:  # a check for unread data, which does not wait
            return super()._read_from_socket(length, timeout, raise_on_timeout)
        wanted = self.unread_bytes() + (length or 1)
        while self.unread_bytes() < wanted:
            if self.get_pos() + self.unread_bytes() > MAX_ANSWER_BYTES:
                raise InvalidResponse("The answer is too long.")
            left = deadline.end - time.monotonic()
            if left <= 0:
                raise TimeoutError("The answer did not come in time.")
            super()._read_from_socket(None, min(left, self.socket_timeout))
        return True


class BoundedParser(_RESP2Parser):
    """Reads an answer, or raises a RedisError."""

    def on_connect(self, connection: Any) -> None:
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._buffer = BoundedBuffer(
            connection._sock, self.socket_read_size, connection.socket_timeout
        )

    def read_response(self, disable_decoding: bool = False) -> Any:
        try:
            return super().read_response(disable_decoding)  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - the parser may raise any
            raise InvalidResponse(type(error).__name__) from None


def prepare(script: str, address: str, timeout_seconds: float) -> tuple[Script, float]:
    """Return a script to call, and its time-out, which the address may set itself.

    Raises SettingsError for an invalid address or an unknown option, which would fail
    every request. A Redis that is away is not refused.
    """
    try:
        client = Redis.from_url(
            address.replace("redis+unix://", "unix://", 1),
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        options = client.connection_pool.connection_kwargs
        options |= {"parser_class": BoundedParser, "protocol": 2}
        timeout: float = options["socket_timeout"]
        deadline.begin(timeout)
        with suppress(RedisError):  # the first request will log that it is away
            client.ping()
        client.connection_pool.disconnect()  # workers are forked from here
        return client.register_script(script), timeout
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError):
        # Their messages may hold a password.
        raise SettingsError(
            "SERVICE_RATE_LIMIT_STORAGE is no address of a Redis, such as"
            " redis://redis:6379/0."
        ) from None
