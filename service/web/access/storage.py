"""How much of each limit is spent: one count for all workers of a host.

A hit takes some 3 microseconds under an fcntl record lock, which the kernel frees when
its holder is killed, so the count is exact over threads, processes and forks.
"""

from fcntl import LOCK_EX, LOCK_UN, lockf
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, get_args

from service.web.access.boot_clock import read_seconds
from service.web.access.count_table import (
    NOW,
    SLOT,
    CountTable,
    describe_owner,
    find_place,
)
from service.web.budget import FAILURES

# Where counts are: on this host, in Redis, or on this host while Redis is away.
Place = Literal["host", "redis", "fallback"]
PLACES: tuple[Place, ...] = get_args(Place)

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


class Storage(Protocol):
    """What counts limits over sliding windows."""

    @property
    def place(self) -> Place:
        """Return where it counts now."""

    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""


class HostStorage:
    """Counts in a table that the workers share. Raises SettingsError without room."""

    place: Place = "host"

    def __init__(self, path: Path) -> None:
        self._table = CountTable.open(path)

    def take(self, key: str, limit: int, expiry: int, amount: int) -> Count:
        """Take an amount if the weighted count leaves room for it, or nothing."""
        owner, offset = _locate(key, expiry)
        table = self._table
        memory, descriptor = table.memory, table.descriptor
        with table.lock:
            lockf(descriptor, LOCK_EX)
            try:
                moment = read_seconds()
                end = (int(moment) // expiry + 1) * expiry
                found, found_end, now, before = unpack_from(memory, offset)
                if found != owner or found_end != end:
                    offset, now, before = table.find(owner, end, expiry, moment)
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
    """Return a key's owner, and the offset at which it nearly always is."""
    is_client = FAILURES not in key.split("/", 2)[:2]  # a client's name follows
    owner = describe_owner(key, expiry, is_client=is_client)
    return owner, find_place(owner, 0)
