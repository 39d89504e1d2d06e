"""One store of limits for all workers of a host: a table in a mapped file.

A hit takes some 3 microseconds under an fcntl record lock, which the kernel frees when
its holder is killed, so the count is exact over threads, processes and forks.
"""

from abc import abstractmethod
from fcntl import LOCK_EX, LOCK_UN, lockf
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple, get_args

from limits.storage import SlidingWindowCounterSupport, Storage

from service.web.access.boot_clock import read_seconds
from service.web.access.table import (
    NOW,
    SLOT,
    Table,
    find_place,
    mark_digest,
    open_nameless,
)
from service.web.budget import FAILURES

# Where counts are: on this host, in Redis, or on this host while Redis is away.
Place = Literal["host", "redis", "fallback"]
PLACES: tuple[Place, ...] = get_args(Place)

# Before an address of Redis it asks for the store that is there while Redis is not.
RESILIENT = "resilient+"

unpack_from = SLOT.unpack_from


class Count(NamedTuple):
    """What a hit saw, and whether it was admitted.

    `before` is the count of the last window, which fades over the `seconds_left` of
    this one; `now` is this one's, the hit included.
    """

    is_admitted: bool
    before: int
    now: int
    seconds_left: float


class CountingStorage(Storage, SlidingWindowCounterSupport):
    """A store of sliding windows that tells what a hit saw, for nothing more."""

    STORAGE_SCHEME: list[str] | None = None

    @property
    def place(self) -> Place:
        """Return where it counts now."""
        return "host"

    @abstractmethod
    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Say whether an amount could be taken."""
        return self.take(key, limit, expiry, amount).is_admitted

    def get_sliding_window(
        self, key: str, expiry: int
    ) -> tuple[int, float, int, float]:
        """Return each window's count and the seconds for which it still counts."""
        _, before, now, left = self.take(key, -1, expiry, 0)
        return before, left, now, left + expiry

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what a fault of the store is."""
        return OSError

    def check(self) -> bool:
        """Say that the store is there."""
        return True

    def reset(self) -> int | None:
        """Refuse, as the next ones do: only sliding windows are counted."""
        raise NotImplementedError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Refuse."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Refuse."""
        raise NotImplementedError

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Refuse."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Refuse."""
        raise NotImplementedError


class SharedStorage(CountingStorage):
    """Counts in the table of `shm:///path`, or in one that goes with us, of `shm://`."""

    STORAGE_SCHEME = ["shm"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_: object) -> None:
        super().__init__(uri, wrap_exceptions)
        path = uri.removeprefix("shm://")
        self._table = Table.open(path) if path else Table(open_nameless())

    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""
        digest, offset = _locate(key, expiry)
        table = self._table
        memory, descriptor = table.memory, table.descriptor
        with table.lock:
            lockf(descriptor, LOCK_EX)
            try:
                moment = read_seconds()
                end = (int(moment) // expiry + 1) * expiry
                found, found_end, now, before = unpack_from(memory, offset)
                if found != digest or found_end != end:
                    offset, now, before = table.find(digest, end, expiry, moment)
                left = end - moment
                faded = int(before * left / expiry) if before else 0
                is_admitted = faded + now + amount <= limit
                if is_admitted:
                    now += amount
                    table.words[offset // 8 + NOW] = now
            finally:
                lockf(descriptor, LOCK_UN)
        return Count(is_admitted, before, now, left)


@lru_cache(4096)
def _locate(key: str, expiry: int) -> tuple[bytes, int]:
    """Return the digest of a key, and where it nearly always is."""
    is_client = FAILURES not in key.split("/", 2)[:2]  # what follows names somebody
    digest = mark_digest(
        blake2b(key.encode(), digest_size=16).digest(), expiry, is_client=is_client
    )
    return digest, find_place(digest, 0)
