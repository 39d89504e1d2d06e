"""How many connections each worker of a server has, as all workers see it.

All workers are woken by a new connection, and the first to accept it keeps it for as
long as the client does. One that is awake already is first, and so ends up with all: of
two workers with 4 connections one then answers 78 large requests a second and the other
none, instead of 160 together.
"""

from itertools import compress

from service.mapped_file import map_memory

MOST_WORKERS = 256
INT_BYTES = 4


class Balance:
    """A number for each slot, in memory that forks share.

    It is 0 where there is no worker, and else one more than its connections.
    """

    def __init__(self) -> None:
        self._numbers = map_memory(MOST_WORKERS * INT_BYTES).cast("i")

    def publish(self, slot: int, connections: int) -> None:
        self._numbers[slot % MOST_WORKERS] = connections + 1

    def withdraw(self, slot: int) -> None:
        """Count the worker of a slot no more: it accepts no connections."""
        self._numbers[slot % MOST_WORKERS] = 0

    def find_fewest(self) -> int:
        """Return the connections of the worker that has the fewest."""
        numbers = self._numbers.tolist()
        return min(compress(numbers, numbers), default=1) - 1
