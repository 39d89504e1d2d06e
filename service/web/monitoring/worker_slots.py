"""The number under which a worker counts, and which it hands on to its successor.

Counts outlive the process that made them, and a scrape adds up all files. Named by pid
they would grow with every worker that ever was. So a worker is given the lowest number
that is free, and counts on where its predecessor stopped: there are no more files than
workers at a time, and no counter falls.
"""

from collections.abc import Iterable
from functools import cache
from itertools import count

from prometheus_client.multiprocess import mark_process_dead

from service.web.monitoring.counts import Counts
from service.web.runtime_folder import open_folder

# The master's, which answers nothing. Its pid would not do: in a container that is 1.
NO_SLOT = -1


def find_free_slot(taken: Iterable[int]) -> int:
    """Return the lowest number that is not taken."""
    held = set(taken)
    return next(number for number in count() if number not in held)


@cache
def open_counts() -> Counts:
    """Return the counts of this process: under no worker's number, until it has one."""
    return Counts(open_folder(), NO_SLOT)


def end_slot(number: int) -> None:
    """Forget the gauges of a worker that has ended; what it counted stays."""
    mark_process_dead(number, str(open_folder()))
