"""One store of limits for all replicas, in Redis, and this host's own while it is away.

Whoever waits for Redis waits once, for one time-out: from then on this process counts
in the store of its host, and asks in the background whether Redis is back.
"""

import logging
import threading
import time
from contextlib import suppress
from typing import cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from service.settings import SettingsError
from service.web.limits.storage import (
    RESILIENT,
    Count,
    CountingStorage,
    Place,
    SharedStorage,
)

logger = logging.getLogger("service")

LIMITS_PER_HOST = "limits_per_host"
LIMITS_SHARED = "limits_shared"

# By when a request is answered that waited for a Redis in vain. One that is there needs
# less than a millisecond; what takes this long is no busy moment any more.
LATEST_SECONDS = 0.5
# To connect, and for an answer of Redis: then there is time left for that of ours.
TIMEOUT_SECONDS = 0.9 * LATEST_SECONDS
SECONDS_BETWEEN_PROBES = 1.0

# As the store of a host does, in one round trip. KEYS: the last window's count and this
# one's. A window begins with its first hit, and is kept for as long as it fades.
TAKE = """
local limit, amount = tonumber(ARGV[1]), tonumber(ARGV[3])
local expiry = tonumber(ARGV[2]) * 1000

local left = redis.call('pttl', KEYS[2]) - expiry
if left <= 0 and left > -expiry then
    redis.call('rename', KEYS[2], KEYS[1])
    left = left + expiry
    redis.call('set', KEYS[2], 0, 'PX', left + expiry)
end
local before = tonumber(redis.call('get', KEYS[1])) or 0
local now = tonumber(redis.call('get', KEYS[2]))
if not now then
    before, now, left = 0, 0, expiry
end
local admitted = math.floor(before * left / expiry) + now + amount <= limit
if admitted then
    now = now + amount
    redis.call('set', KEYS[2], now, 'PX', left + expiry)
end
return {admitted and 1 or 0, before, now, left}
"""


class ResilientStorage(CountingStorage):
    """Counts in a Redis, or in `fallback` while that does not answer."""

    STORAGE_SCHEME = [
        f"{RESILIENT}{scheme}" for scheme in ("redis", "rediss", "redis+unix")
    ]

    def __init__(
        self, uri: str, wrap_exceptions: bool = False, *, fallback: str
    ) -> None:
        super().__init__(uri, wrap_exceptions)
        self._here = SharedStorage(fallback)
        self._script = _connect(uri)
        self._lock = threading.Lock()
        self.is_away = False

    @property
    def place(self) -> Place:
        """Return where it counts now."""
        return "fallback" if self.is_away else "redis"

    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""
        if not self.is_away:
            try:
                return self._take_there(key, limit, expiry, amount)
            except RedisError as error:
                self._leave(error)
        return self._here.take(key, limit, expiry, amount)

    def _take_there(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        this = f"model-service:{{{key}}}"  # both in one slot of a cluster
        seen = self._script([f"{this}/-1", this], [limit, expiry, amount])
        is_admitted, before, now, milliseconds = cast(list[int], seen)
        return Count(bool(is_admitted), before, now, milliseconds / 1000)

    def _leave(self, error: RedisError) -> None:
        """Count here from now on. What Redis said may name it, so only its type is."""
        with self._lock:
            if self.is_away:
                return
            self.is_away = True
        logger.warning(LIMITS_PER_HOST, extra={"reason": type(error).__name__})
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        """Ask what requests ask, until it is answered, and go back."""
        while True:
            time.sleep(SECONDS_BETWEEN_PROBES)
            try:
                self._take_there("probe", 1, 1, 1)
            except RedisError:
                continue
            with self._lock:
                self.is_away = False
                logger.info(LIMITS_SHARED)
            return


def _connect(uri: str) -> Script:
    """Prepare to ask Redis, once for each question, and try. Raises SettingsError.

    Redis may be away, but what is no address, or has an option that there is not, would
    be an error in every request.
    """
    address = uri.removeprefix(RESILIENT).replace("redis+unix://", "unix://")
    try:
        client = Redis.from_url(
            address,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        with suppress(RedisError):  # whoever asks first will say that it is away
            client.ping()
        client.connection_pool.disconnect()  # workers are forked from here
        return client.register_script(TAKE)
    except (ValueError, TypeError, AttributeError, LookupError):  # may hold a password
        raise SettingsError(
            "SERVICE_RATE_LIMIT_STORAGE is no address of a Redis, such as"
            " redis://redis:6379/0."
        ) from None
