"""What slow readers have not taken of their answers, all together and by address."""

from collections import Counter

from service.server.connection import Connection

# Some sixty of the largest usual answers, ten thousand predictions, of a worker's; a
# quarter of them for one address, since a proxy that reads slowly has one.
ROOM_BYTES = 64 * 2**20
ADDRESS_ROOM_BYTES = ROOM_BYTES // 4


class SlowReaders:
    """Counts what is queued for them. It is for the event loop alone."""

    def __init__(self) -> None:
        self._queued: dict[Connection, int] = {}
        self._total = 0

    def note(self, connection: Connection) -> None:
        """Count what is left of an answer now."""
        self.forget(connection)
        if queued := connection.unsent_bytes:
            self._queued[connection] = queued
            self._total += queued

    def forget(self, connection: Connection) -> None:
        self._total -= self._queued.pop(connection, 0)

    def find_excess(self) -> Connection | None:
        """Return the connection to close, where too much is queued.

        That is the one that has taken nothing for the longest, of the address for which
        the most is queued. One answer alone is never too much.
        """
        if len(self._queued) < 2 or self._total <= ADDRESS_ROOM_BYTES:
            return None
        of_address: Counter[str] = Counter()
        for connection, queued in self._queued.items():
            of_address[connection.address] += queued
        [(address, most)] = of_address.most_common(1)
        slow = [each for each in self._queued if each.address == address]
        is_over = most > ADDRESS_ROOM_BYTES and len(slow) > 1
        if not is_over and self._total <= ROOM_BYTES:
            return None
        return min(slow, key=lambda each: each.since)
