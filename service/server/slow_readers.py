"""What slow readers have not taken of their answers, all together and by address."""

from collections import defaultdict

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
        self._of_address: defaultdict[str, int] = defaultdict(int)

    def note(self, connection: Connection) -> None:
        """Count what is left of an answer now."""
        self.forget(connection)
        if queued := connection.unsent_bytes:
            self._queued[connection] = queued
            self._count(connection, queued)

    def forget(self, connection: Connection) -> None:
        """Count a connection no more."""
        if queued := self._queued.pop(connection, 0):
            self._count(connection, -queued)

    def find_excess(self) -> Connection | None:
        """Return the connection to close, where too much is queued.

        That is the one that has taken nothing for the longest, of the address for which
        the most is queued. One answer alone is never too much.
        """
        if len(self._queued) < 2:
            return None
        address = max(self._of_address, key=self._of_address.__getitem__)
        is_over = self._of_address[address] > ADDRESS_ROOM_BYTES
        if not is_over and self._total <= ROOM_BYTES:
            return None
        theirs = [each for each in self._queued if each.address == address]
        if len(theirs) < 2 and self._total <= ROOM_BYTES:
            return None
        return min(theirs, key=lambda each: each.since)

    def _count(self, connection: Connection, size: int) -> None:
        self._total += size
        self._of_address[connection.address] += size
        if not self._of_address[connection.address]:
            del self._of_address[connection.address]
