"""What one client may spend of one thing, such as 200 requests a minute."""

from dataclasses import dataclass

from limits import RateLimitItem

REQUESTS = "requests"
INSTANCES = "instances"
FAILURES = "failures"


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount in a sliding window of seconds, and the key under which it counts."""

    name: str
    amount: int
    seconds: int
    key: str

    @property
    def policy(self) -> str:
        """Return its item of the header RateLimit-Policy."""
        return f'"{self.name}";q={self.amount};w={self.seconds}'


# Each has to leave room: 20 a second, and 500 a minute.
Budget = tuple[Limit, ...]


def build_budget(name: str, owner: str, items: tuple[RateLimitItem, ...]) -> Budget:
    """Build the budget of an owner. Several limits are named by their seconds, too."""
    return tuple(
        Limit(
            name if len(items) == 1 else f"{name}-{item.get_expiry()}s",
            item.amount,
            item.get_expiry(),
            item.key_for(name, owner),
        )
        for item in items
    )
