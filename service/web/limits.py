"""How much a client may: requests, and instances, over a sliding window.

flask-limiter's Limiter holds the strategy and the store; its hooks and decorators
would cost 65 microseconds a request, so its limiter is asked directly.
"""

import ipaddress
import math
from pathlib import Path
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

from service.settings import Settings
from service.web.call import current_call
from service.web.keys import Client
from service.web.storage import shared_path

REQUESTS = "requests"
INSTANCES = "instances"
FAILURES = "failures"

Items = tuple[RateLimitItem, ...]


class Limits:
    """The budgets of all clients, in a store that the workers share.

    Raises TooManyRequests, with the seconds to wait, where one is used up.
    """

    def __init__(self, app: Flask, settings: Settings, keys_file: Path) -> None:
        self._defaults: dict[str, Items] = {
            REQUESTS: tuple(parse_many(settings.rate_limit_requests)),
            INSTANCES: tuple(parse_many(settings.rate_limit_instances)),
        }
        self._failures: Items = tuple(parse_many(settings.rate_limit_failures))
        fallback = f"shm://{shared_path(str(keys_file.resolve()))}"
        uri = fallback
        options: dict[str, str | int] = {}
        if settings.rate_limit_storage == "memory://":
            uri = settings.rate_limit_storage
        elif settings.rate_limit_storage:
            uri = f"resilient+{settings.rate_limit_storage}"
            options = {"fallback": fallback}
        limiter = Limiter(
            _name_client,
            strategy="sliding-window-counter",
            storage_uri=uri,
            storage_options=options,
        )
        # An app that knows it already is given no hooks.
        app.extensions["limiter"] = {limiter}
        limiter.init_app(app)
        self._hit = limiter.limiter.hit
        self._storage: Any = limiter.storage

    def spend(self, client: Client, name: str, cost: int) -> None:
        """Take from a client's budget, or raise and take nothing."""
        for item in self._find_items(client, name):
            if cost > item.amount:
                raise RequestEntityTooLarge(
                    f"{cost} {name} are more than this key's {item.amount} in"
                    f" {item.get_expiry()} seconds: send fewer at a time."
                )
            if not self._hit(item, name, client.name, cost=cost):
                self._refuse(item, name, client.name, cost)

    def note_failure(self, address: str) -> None:
        """Count a failed attempt to show a key against its address alone."""
        network = find_network(address)
        for item in self._failures:
            if not self._hit(item, FAILURES, network):
                self._refuse(item, FAILURES, network, 1)

    def describe(self, client: Client) -> tuple[str, str]:
        """Return the values of RateLimit-Policy and RateLimit.

        https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
        """
        policies, states = [], []
        for name in (REQUESTS, INSTANCES):
            for item in self._find_items(client, name):
                remaining, seconds = self._look(item, name, client.name)
                policies.append(f'"{name}";q={item.amount};w={item.get_expiry()}')
                states.append(f'"{name}";r={remaining};t={seconds}')
        return ", ".join(policies), ", ".join(states)

    def _find_items(self, client: Client, name: str) -> Items:
        own: Items | None = getattr(client, name)
        return self._defaults[name] if own is None else own

    def _look(self, item: RateLimitItem, *key: str) -> tuple[int, int]:
        """Return what is left, and the seconds until the window ends."""
        before, share, now, end = self._read(item, *key)
        left = item.amount - math.floor(before * share) - now
        return max(left, 0), math.ceil(end)

    def _read(self, item: RateLimitItem, *key: str) -> tuple[int, float, int, float]:
        """Return the last window's count, its share, this one's, its seconds left."""
        expiry = item.get_expiry()
        before, before_ends, now, now_ends = self._storage.get_sliding_window(
            item.key_for(*key), expiry
        )
        end = before_ends if before else now_ends - expiry if now else expiry
        return before, before_ends / expiry, now, end

    def _refuse(self, item: RateLimitItem, name: str, who: str, cost: int) -> None:
        before, _, now, end = self._read(item, name, who)
        seconds = _wait(item.amount - cost, item.get_expiry(), before, now, end)
        raise TooManyRequests(
            f"The limit of {item.amount} {name} in {item.get_expiry()} seconds is"
            " reached.",
            retry_after=max(1, math.ceil(seconds)),
        )


def _wait(room: int, expiry: int, before: int, now: int, end: float) -> float:
    """Return the seconds until the weighted count of two windows falls to `room`.

    It is `before * seconds_left / expiry + now`, `now` becoming `before` at the end.
    """
    if now <= room and before:
        return end - (room - now) * expiry / before
    return end + expiry * (1 - room / now) if now > room else end


def find_network(address: str) -> str:
    """Return the address, or of IPv6 the /64 that a single caller has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _name_client() -> str:
    """Return who is charged: never an empty name, which flask-limiter lets pass."""
    client = current_call().client
    return client.name if client else FAILURES
