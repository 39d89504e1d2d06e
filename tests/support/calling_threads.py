"""Threads that call something over and over, until they are told to stop."""

import threading
from collections.abc import Callable, Iterable
from typing import Self

from server import PATIENCE_SECONDS


class CallingThreads:
    """A thread for each call, from the beginning of a with block to its end.

    A call asks `_is_over` whether it is to stop, and releases `_asked` for each request
    that has come to its end.
    """

    def __init__(self, calls: Iterable[Callable[[], object]]) -> None:
        self._is_over = threading.Event()
        self._asked = threading.Semaphore(0)
        self._threads = [threading.Thread(target=call) for call in calls]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each finish what it asks."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, requests: int) -> None:
        """Wait until so many more requests have come to their end."""
        for _ in range(requests):
            assert self._asked.acquire(timeout=PATIENCE_SECONDS)
