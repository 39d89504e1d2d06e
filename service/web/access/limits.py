"""How much a client may: requests, and instances, over a sliding window.

flask-limiter's Limiter holds the strategy and the store; its hooks and decorators
would cost 65 microseconds a request, so its store is asked directly.
"""

import ipaddress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from flask import Flask
from flask_limiter import Limiter
from limits import RateLimitItem
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

from service.web.access.boot_clock import find_boot
from service.web.access.storage import RESILIENT, Count, CountingStorage, Place
from service.web.access.table import shared_path
from service.web.budget import FAILURES, Budget, Limit, build_budget

# Where the WSGI environment holds what is left, an item of RateLimit each.
LEFT = "service.limits.left"


@dataclass(frozen=True)
class Store:
    """Where the counts are, and where they are while that is away."""

    uri: str
    fallback: str


class LimitReachedError(TooManyRequests):
    """Too little of a budget is left."""

    def __init__(self, limit: str, sentence: str, seconds: int) -> None:
        super().__init__(sentence, retry_after=seconds)
        self.reason = f"limit_{limit}"


class Limits:
    """The budgets of all clients, in a store that the workers share."""

    def __init__(
        self, app: Flask, storage: Store, failures: tuple[RateLimitItem, ...]
    ) -> None:
        limiter = Limiter(
            _name_nobody,
            strategy="sliding-window-counter",
            storage_uri=storage.uri,
            storage_options={"fallback": storage.fallback},
        )
        # An app that knows it already is given no hooks.
        app.extensions["limiter"] = {limiter}
        limiter.init_app(app)
        self._storage = cast(CountingStorage, limiter.storage)
        self._take = self._storage.take
        self._failures = failures

    @property
    def place(self) -> Place:
        """Return where counts are, now."""
        return self._storage.place

    def spend(self, environ: dict[str, Any], budget: Budget, cost: int) -> None:
        """Take from a client's budget.

        Raises LimitReachedError, with the seconds to wait, where too little is left,
        and RequestEntityTooLarge where it never is enough.
        """
        left = environ.setdefault(LEFT, [])
        for limit in budget:
            if cost > limit.amount:
                raise RequestEntityTooLarge(
                    f"{cost} {limit.name} are more than this key's {limit.amount} in"
                    f" {limit.seconds} seconds: send fewer at a time."
                )
            count = self._take(limit.key, limit.amount, limit.seconds, cost)
            left.append(_describe(limit, count))
            if not count.is_admitted:
                raise _refuse(limit, count, cost)

    def note_failure(self, address: str) -> None:
        """Count a failed attempt to show a key, against its address alone."""
        network = find_network(address)
        for limit in build_budget(FAILURES, network, self._failures):
            count = self._take(limit.key, limit.amount, limit.seconds, 1)
            if not count.is_admitted:
                raise _refuse(limit, count, 1)


def _describe(limit: Limit, count: Count) -> str:
    """Return a limit's item of the header RateLimit.

    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
    """
    _, before, now, seconds_left = count
    faded = int(before * seconds_left / limit.seconds) if before else 0
    remaining = limit.amount - faded - now
    return f'"{limit.name}";r={remaining};t={int(seconds_left) + 1}'


def _refuse(limit: Limit, count: Count, cost: int) -> LimitReachedError:
    return LimitReachedError(
        limit.name,
        f"The limit of {limit.amount} {limit.name} in {limit.seconds} seconds is"
        " reached.",
        find_wait(limit.amount - cost, limit.seconds, count),
    )


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


def find_store(setting: str | None, keys_file: Path) -> Store:
    """Return where the counts are: on this host, unless a setting says otherwise.

    Servers of this host that share a key file share the limits, too, unless its boots
    cannot be told apart: counts kept from another would be taken for this one's.
    """
    here = "shm://"
    if find_boot() is not None:
        here += str(shared_path(str(keys_file.absolute())))
    if setting is None:
        return Store(here, here)
    if setting == "memory://":
        return Store("shm://", here)
    # Its client takes as long to import as Flask, and most services count on one host.
    import_module("service.web.access.redis_storage")
    return Store(f"{RESILIENT}{setting}", here)


def find_network(address: str) -> str:
    """Return the address, or of IPv6 the /64 that a single caller has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:  # as a socket of both kinds names a caller
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


def _name_nobody() -> str:
    """Return a name: flask-limiter wants to know one, and lets an empty one pass."""
    return "nobody"
