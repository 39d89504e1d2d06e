"""Where networks run: in the process that asks them, or in the one with the device.

A device is given to one process, which answers for all others. What they are told by is
set around loading, and found by each network as it is unpickled.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

import numpy as np

CPU = "cpu"


class Device(Protocol):
    """What runs networks in another process, from so many rows on.

    Where it `joins`, rows of several requests may be run together.
    """

    joins: bool

    @property
    def least_rows(self) -> int: ...

    def answering_all(self) -> AbstractContextManager[None]:
        """Within this, run all there, however few the rows."""

    def has(self, digest: str) -> bool:
        """Return True for a network that it has loaded."""

    def run(
        self, digest: str, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return all outputs of a network.

        Raises ValueError as the network does, NetworkMemoryError or DeviceLostError.
        """


_device: ContextVar[Device | None] = ContextVar("the device of networks", default=None)
_place: ContextVar[str] = ContextVar("where this process runs networks", default=CPU)


@contextmanager
def running_on(device: Device | None) -> Iterator[None]:
    """Within this, networks that are unpickled run on a device that has them."""
    token = _device.set(device)
    try:
        yield
    finally:
        _device.reset(token)


def find_device() -> Device | None:
    """Return the device of networks that are unpickled now, if there is one."""
    return _device.get()


@contextmanager
def loading_on(place: str) -> Iterator[None]:
    """Within this, networks are loaded on `cpu`, or on a device such as `cuda:0`."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def find_place() -> str:
    """Return where networks are loaded now."""
    return _place.get()
