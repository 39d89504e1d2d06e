"""A worker's end: networks that another process runs, as if they ran here."""

import os
import select
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import numpy as np

from service.model.device.channel import Channel, Message
from service.model.device.owner import NO_MEMORY, REFUSED
from service.model.errors import DeviceLostError, NetworkMemoryError

ENDED = "The process with the device has ended."


class DeviceClient:
    """The networks that the process with the device has loaded.

    `least_rows` are those from which a network runs there, and `joins` says that rows
    of several requests may be run together. A fork connects anew.
    """

    def __init__(self, least_rows: int) -> None:
        self.least_rows = least_rows
        self.joins = False
        self.address = ""
        self._digests: frozenset[str] = frozenset()
        self._watched: Channel | None = None
        self._forget()

    def begin(self, address: str, digests: frozenset[str]) -> None:
        """Ask the process that listens at an address from now on."""
        self.address, self._digests = address, digests
        self._forget()

    def has(self, digest: str) -> bool:
        return digest in self._digests

    @property
    def is_lost(self) -> bool:
        """Whether the process with the device has ended."""
        if self._process != os.getpid():
            self._forget()
        try:
            self._watched = self._watched or Channel.connect(self.address)
        except OSError:
            return True
        poll = select.poll()
        poll.register(self._watched, 0)
        return bool(poll.poll(0))

    @contextmanager
    def answering_all(self) -> Iterator[None]:
        """Within this, run all there, however few the rows."""
        kept, self.least_rows = self.least_rows, 1
        try:
            yield
        finally:
            self.least_rows = kept

    def run(
        self, digest: str, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Run a network there.

        Raises ValueError as it does, NetworkMemoryError or DeviceLostError.
        """
        channel = self._open()
        try:
            channel.send({"network": digest, "joins": self.joins}, inputs)
            message = channel.receive()
        except (OSError, EOFError):
            channel.close()
            raise DeviceLostError(ENDED) from None
        except MemoryError:
            self._free.append(channel)
            raise NetworkMemoryError from None
        outputs = {name: array.copy() for name, array in message.arrays.items()}
        self._free.append(channel)
        _raise_fault(message)
        return outputs

    def _open(self) -> Channel:
        """Return a channel that no thread uses. Raises DeviceLostError."""
        if self._process != os.getpid():
            self._forget()
        with suppress(IndexError):
            return self._free.popleft()
        try:
            return Channel.connect(self.address)
        except OSError:
            raise DeviceLostError(ENDED) from None

    def _forget(self) -> None:
        """Have no connection: those of another process, or to another, are no use."""
        self._process = os.getpid()
        self._free: deque[Channel] = deque()
        self._watched = None


def _raise_fault(message: Message) -> None:
    """Raise what the network raised, if it did."""
    fault = message.about.get("fault", "")
    if fault == NO_MEMORY:
        raise NetworkMemoryError
    if fault:
        raise ValueError(fault.removeprefix(f"{REFUSED} "))
