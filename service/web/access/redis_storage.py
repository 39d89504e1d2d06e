"""How much of each limit is spent: one count for all replicas, in Redis.

A request that waits for Redis waits once, for one time-out: from then on this process
counts on its host, and asks in the background whether Redis is back.
"""

import logging
import threading
import time

from redis.exceptions import InvalidResponse, RedisError

from service.web.access.redis_client import deadline, prepare
from service.web.access.storage import Count, Place, Storage

logger = logging.getLogger("service")

LIMITS_PER_HOST = "limits_per_host"
LIMITS_SHARED = "limits_shared"
# Why Redis is left, where that is no exception.
LATE = "LateAnswer"

# By when a request is answered that waited for a Redis in vain. One that is there needs
# less than a millisecond.
LATEST_SECONDS = 0.5
# To connect, to ask, and to be answered. A request asks twice, of its instances, too:
# if one answer is late and the other does not come, there is time left to answer it.
TIMEOUT_SECONDS = 0.6 * LATEST_SECONDS
# After this share of the time-out an answer is late: it counts, and is the last that is
# waited for. A worker that went on so would answer three requests a second.
LATE_SHARE = 0.5
SECONDS_BETWEEN_PROBES = 1.0

# As HostStorage does, in one round trip. KEYS: the last window's count and this one's.
# A window begins with its first hit, and is kept for as long as it fades.
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


class RedisStorage:
    """Counts in a Redis, or in `fallback` while that does not answer."""

    def __init__(self, address: str, fallback: Storage) -> None:
        self._fallback = fallback
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
                count = self._ask(key, limit, expiry, amount)
            except RedisError as error:
                self._leave(type(error).__name__)
            else:
                if self._is_late(begun):
                    self._leave(LATE)
                return count
        return self._fallback.take(key, limit, expiry, amount)

    def _ask(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        this = f"model-service:{{{key}}}"  # both keys in one slot of a cluster
        deadline.begin(self._timeout)
        return _read_count(self._script([f"{this}/-1", this], [limit, expiry, amount]))

    def _is_late(self, begun: float) -> bool:
        return time.monotonic() - begun > LATE_SHARE * self._timeout

    def _leave(self, reason: str) -> None:
        """Count on this host from now on. `reason` is no message: those name Redis."""
        with self._lock:
            if self.is_away:
                return
            self.is_away = True
        logger.warning(LIMITS_PER_HOST, extra={"reason": reason})
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        """Ask as requests do until an answer is in time, and then go back to Redis."""
        while True:
            time.sleep(SECONDS_BETWEEN_PROBES)
            begun = time.monotonic()
            try:
                self._ask("probe", 1, 1, 1)
            except RedisError:
                continue
            if not self._is_late(begun):
                break
        with self._lock:
            self.is_away = False
            logger.info(LIMITS_SHARED)


def _read_count(answer: object) -> Count:
    """Return the count that the script answers.

    Raises InvalidResponse for anything else, which whatever listens there may answer.
    """
    match answer:
        case [int(is_admitted), int(before), int(now), int(milliseconds)]:
            if min(before, now, milliseconds) >= 0:
                return Count(bool(is_admitted), before, now, milliseconds / 1000)
    raise InvalidResponse("This is no count.")
