"""Whom a good key names, and what it may."""

from dataclasses import dataclass

from service.web.budget import Budget


@dataclass(frozen=True)
class Client:
    """Who calls, and what it may."""

    name: str
    scopes: frozenset[str]
    requests: Budget
    instances: Budget
    policy: str  # the value of RateLimit-Policy
