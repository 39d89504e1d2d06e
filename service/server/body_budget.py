"""What requests hold in memory, all together, while they arrive and are answered.

A connection may bring as much as the largest body, and a worker has a thousand of
them: a limit on each is no limit on all.
"""

from service.server.connection import Connection

# What holds no more is not counted, and never refused for the sake of what holds more.
SMALL_BYTES = 64 * 1024

# As much as a thousand small ones, or eight of the largest bodies by default.
ROOM_BYTES = 64 * 2**20

# Where larger bodies are allowed: room for eight of the largest.
LARGEST_AT_ONCE = 8


class BodyBudget:
    """Counts what large requests hold. It is for the event loop alone."""

    def __init__(self, max_body_bytes: int) -> None:
        self._room = max(ROOM_BYTES, LARGEST_AT_ONCE * max_body_bytes)
        self._held: dict[Connection, int] = {}
        self._total = 0

    def note(self, connection: Connection) -> None:
        """Count what a connection holds now."""
        self.forget(connection)
        size = connection.size
        if size > SMALL_BYTES:
            self._held[connection] = size
            self._total += size

    def forget(self, connection: Connection) -> None:
        """Count a connection no more."""
        self._total -= self._held.pop(connection, 0)

    def find_excess(self) -> Connection | None:
        """Return the largest that is still arriving, where all hold too much."""
        if self._total > self._room:
            for connection in list(self._held):  # many have been answered since
                self.note(connection)
        if self._total <= self._room:
            return None
        arriving = (each for each in self._held if not each.is_busy)
        return max(arriving, key=self._held.__getitem__, default=None)
