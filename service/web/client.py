"""The client that a key belongs to, and what it may do."""

from dataclasses import dataclass

from service.web.budget import Budget


@dataclass(frozen=True)
class Client:
    name: str
    scopes: frozenset[str]
    requests: Budget
    instances: Budget
    policy: str  # the value of RateLimit-Policy
