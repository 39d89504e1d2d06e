"""Arrays that two processes hand each other, by memory that both have mapped.

Each end writes into a segment of its own, whose descriptor is passed over the socket
when there is a new one. So arrays are written once, and read where they lie: until the
reader has answered, the writer writes no more.
"""

import math
import os
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from service.mapped_file import map_descriptor

# As far apart as processors' cache lines, which suits any element.
ALIGNMENT = 64

# A segment of this size is kept; a larger one while a quarter of it is in use.
SMALL_BYTES = 2**20

# Of a message: each array takes some 60 bytes of it.
MAX_MESSAGE_BYTES = 2**17


class Message(NamedTuple):
    """What was sent: a few words, and arrays by name, which lie in shared memory."""

    about: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Channel:
    """One end of a connection, on which each end sends in its turn."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._written = memoryview(b"")
        self._read = memoryview(b"")

    @classmethod
    def connect(cls, address: str) -> "Channel":
        """Connect to a listener at a path. Raises OSError."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def fileno(self) -> int:
        """Return the descriptor, which can be read when a message is here."""
        return self._connection.fileno()

    def send(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Send a message. Raises OSError, or MemoryError before anything is sent."""
        offsets, size = _lay_out(arrays)
        descriptors = [self._make_room(size)] if not self._has_room(size) else []
        try:
            forms = []
            for (name, array), offset in zip(arrays.items(), offsets, strict=True):
                form = (name, array.dtype.str, array.shape, offset)
                np.copyto(_view(self._written, *form[1:]), array)
                forms.append(form)
            message = orjson.dumps([about, forms])
            socket.send_fds(self._connection, [message], descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def receive(self) -> Message:
        """Wait for a message. Raises OSError, or EOFError where the other has ended."""
        message, descriptors, _, _ = socket.recv_fds(
            self._connection, MAX_MESSAGE_BYTES, 1
        )
        if not message:
            raise EOFError
        for descriptor in descriptors:
            try:
                self._read = map_descriptor(descriptor, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)
        about, forms = orjson.loads(message)
        return Message(about, {form[0]: _view(self._read, *form[1:]) for form in forms})

    def close(self) -> None:
        """Close this end; what is mapped goes with the last array in it."""
        self._connection.close()

    def _has_room(self, size: int) -> bool:
        held = len(self._written)
        return size <= held <= max(SMALL_BYTES, 4 * size)

    def _make_room(self, size: int) -> int:
        """Map a new segment, and return its descriptor. Raises MemoryError."""
        descriptor = os.memfd_create("arrays", os.MFD_CLOEXEC)
        try:
            rounded = 2 ** math.ceil(math.log2(max(size, 1)))
            self._written = map_descriptor(descriptor, max(SMALL_BYTES, rounded))
        except OSError as error:
            os.close(descriptor)
            raise MemoryError(error.strerror) from None
        return descriptor


def _lay_out(arrays: Mapping[str, np.ndarray]) -> tuple[list[int], int]:
    """Return where each array begins, and how many bytes all of them take."""
    offsets, end = [], 0
    for array in arrays.values():
        offsets.append(end)
        end += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return offsets, end


def _view(
    memory: memoryview, dtype: str, shape: tuple[int, ...], offset: int
) -> np.ndarray:
    return np.ndarray(shape, dtype, buffer=memory, offset=offset)
