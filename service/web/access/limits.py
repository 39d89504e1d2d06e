"""How many requests and instances a client may send, over sliding windows.

Limits are written in flask-limiter's notation, and one that is reached is its exception
RateLimitExceeded. Its Limiter is left out. With two limits a bare Flask request takes
four times as long, by its hooks alone twice; by the storage here 1.3 times, which also
counts for all workers of a host without a server to ask.
"""

import ipaddress
from importlib import import_module
from pathlib import Path

from flask_limiter import Limit as Definition
from flask_limiter import RateLimitExceeded
from limits import RateLimitItem
from werkzeug.exceptions import RequestEntityTooLarge

from service.web.access.count_table import find_table
from service.web.access.storage import Count, HostStorage, Place, Storage
from service.web.budget import FAILURES, Budget, Limit, build_budget
from service.web.request import RequestContext


class LimitReachedError(RateLimitExceeded):
    """Too little of a budget is left."""

    def __init__(self, limit: Limit, seconds_to_wait: int) -> None:
        [definition] = Definition(
            f"{limit.amount} per {limit.seconds} second",
            key_function=lambda: limit.key,
            error_message=f"The limit of {limit.amount} {limit.name} in"
            f" {limit.seconds} seconds is reached.",
        )
        super().__init__(definition)
        self.retry_after = seconds_to_wait
        self.reason = f"limit_{limit.name}"


class Limits:
    """The budgets of all clients, in a storage that the workers share."""

    def __init__(self, storage: Storage, failures: tuple[RateLimitItem, ...]) -> None:
        self._storage = storage
        self._take = storage.take
        self._failures = failures

    @property
    def place(self) -> Place:
        """Return where counts are, now."""
        return self._storage.place

    def spend(self, context: RequestContext, budget: Budget, cost: int) -> None:
        """Take from a client's budget.

        Raises LimitReachedError, with the seconds to wait, if too little is left, and
        RequestEntityTooLarge if the whole budget would not do.
        """
        for limit in budget:
            if cost > limit.amount:
                raise RequestEntityTooLarge(
                    f"{cost} {limit.name} are more than this key's {limit.amount} in"
                    f" {limit.seconds} seconds: send fewer at a time."
                )
            count = self._take(limit.key, limit.amount, limit.seconds, cost)
            context.rate_limits.append(_describe(limit, count))
            if not count.is_admitted:
                raise _refuse(limit, count, cost)

    def note_failure(self, address: str) -> None:
        """Count a failed attempt to show a key, against its address alone."""
        network = find_network(address)
        for limit in build_budget(FAILURES, network, self._failures):
            count = self._take(limit.key, limit.amount, limit.seconds, 1)
            if not count.is_admitted:
                raise _refuse(limit, count, 1)


def open_storage(setting: str | None, keys_file: Path) -> Storage:
    """Open the storage that a setting names: by default, that of this host.

    Servers of this host that share a key file share the limits, too.
    """
    here = HostStorage(find_table(keys_file))
    if setting is None:
        return here
    # Its client takes as long to import as Flask, and most services count on one host.
    redis_storage = import_module("service.web.access.redis_storage")
    storage: Storage = redis_storage.RedisStorage(setting, here)
    return storage


def _describe(limit: Limit, count: Count) -> str:
    """Return a limit's item of the header RateLimit.

    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
    """
    _, before, now, seconds_left = count
    faded = int(before * seconds_left / limit.seconds) if before else 0
    remaining = limit.amount - faded - now
    return f'"{limit.name}";r={remaining};t={int(seconds_left) + 1}'


def _refuse(limit: Limit, count: Count, cost: int) -> LimitReachedError:
    wait = find_wait(limit.amount - cost, limit.seconds, count)
    return LimitReachedError(limit, wait)


def find_wait(room: int, window: int, count: Count) -> int:
    """Return the whole seconds until the weighted count of two windows is `room`.

    It is `before * seconds_left / window + now`, rounded down; at the end `now` becomes
    `before`.
    """
    _, before, now, seconds = count
    if now > room:
        seconds += window
        before, now = now, 0
    # Below the next whole number it is rounded down to it.
    return int(seconds - (room - now + 1) * window / before) + 1


def find_network(address: str) -> str:
    """Return the address, or of IPv6 the /64 that a single caller has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    # A socket of both kinds names an IPv4 caller by a mapped address.
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
