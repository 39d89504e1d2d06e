"""One store of limits for all replicas, in Redis, and this host's own while it is away.

Whoever waits for Redis waits once, for one time-out: from then on this process counts
in the store of its host, and asks in the background whether Redis is back.
"""

import logging
import threading
import time

from redis.exceptions import InvalidResponse, RedisError

from service.web.access.redis_client import deadline, prepare
from service.web.access.storage import (
    RESILIENT,
    Count,
    CountingStorage,
    Place,
    SharedStorage,
)

logger = logging.getLogger("service")

LIMITS_PER_HOST = "limits_per_host"
LIMITS_SHARED = "limits_shared"
# Why it is left, where that is no exception.
LATE = "LateAnswer"

# By when a request is answered that waited for a Redis in vain. One that is there needs
# less than a millisecond; what takes this long is no busy moment any more.
LATEST_SECONDS = 0.5
# To connect, to ask, and to be answered: a request asks of its instances, too, so with
# an answer that is late before one that does not come, there is time left for ours.
TIMEOUT_SECONDS = 0.6 * LATEST_SECONDS
# After this share of the time an answer is late. It counts, and it is the last that is
# waited for: a worker that waits does nothing else, and would answer three requests a
# second.
LATE_SHARE = 0.5
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
        address = uri.removeprefix(RESILIENT).replace("redis+unix://", "unix://")
        self._script, self._timeout = prepare(TAKE, address, TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self.is_away = False

    @property
    def place(self) -> Place:
        """Return where it counts now."""
        return "fallback" if self.is_away else "redis"

    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""
        if not self.is_away:
            begun = time.monotonic()
            try:
                count = self._take_there(key, limit, expiry, amount)
            except RedisError as error:
                self._leave(type(error).__name__)
            else:
                if self._is_late(begun):
                    self._leave(LATE)
                return count
        return self._here.take(key, limit, expiry, amount)

    def _take_there(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        this = f"model-service:{{{key}}}"  # both in one slot of a cluster
        deadline.begin(self._timeout)
        return _read_count(self._script([f"{this}/-1", this], [limit, expiry, amount]))

    def _is_late(self, begun: float) -> bool:
        return time.monotonic() - begun > LATE_SHARE * self._timeout

    def _leave(self, reason: str) -> None:
        """Count here from now on. What Redis said may name it, so only its type is."""
        with self._lock:
            if self.is_away:
                return
            self.is_away = True
        logger.warning(LIMITS_PER_HOST, extra={"reason": reason})
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        """Ask what requests ask, until it is answered in time, and go back."""
        while True:
            time.sleep(SECONDS_BETWEEN_PROBES)
            begun = time.monotonic()
            try:
                self._take_there("probe", 1, 1, 1)
            except RedisError:
                continue
            if self._is_late(begun):
                continue
            with self._lock:
                self.is_away = False
                logger.info(LIMITS_SHARED)
            return


def _read_count(seen: object) -> Count:
    """Return what the script says. Raises InvalidResponse where that is something else.

    So may be whatever listens at its address.
    """
    match seen:
        case [int(is_admitted), int(before), int(now), int(milliseconds)]:
            if min(before, now, milliseconds) >= 0:
                return Count(bool(is_admitted), before, now, milliseconds / 1000)
    raise InvalidResponse("This is no count.")
