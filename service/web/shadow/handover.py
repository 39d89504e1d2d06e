"""A request that was answered, on its way to the shadow's process.

Both bodies travel in memory of their own, whose descriptor is passed over a socket: a
message of 24 bytes is sent at once or not at all, however large the bodies are, and
nothing is left of them when either process dies.
"""

import os
import socket
import struct
from dataclasses import dataclass

# The bytes of the request and of the response, and the seconds.
HEADER = struct.Struct("qqd")

# What the shadow sends for each request that it has done with.
ACKNOWLEDGEMENT = b"\0"


@dataclass(frozen=True, slots=True)
class Handover:
    """Both bodies, and the seconds that validating and predicting took."""

    request: bytes
    response: bytes
    seconds: float

    @property
    def size(self) -> int:
        return len(self.request) + len(self.response)

    def send(self, connection: socket.socket) -> None:
        """Send it. Raises OSError; BlockingIOError where there is no room for it."""
        header = HEADER.pack(len(self.request), len(self.response), self.seconds)
        descriptor = os.memfd_create("handover")
        try:
            if os.writev(descriptor, (self.request, self.response)) < self.size:
                raise BlockingIOError
            socket.send_fds(connection, [header], [descriptor])
        finally:
            os.close(descriptor)


def receive_handover(connection: socket.socket) -> Handover | None:
    """Return what was sent, or None if the worker has ended. Raises OSError."""
    header, descriptors, _, _ = socket.recv_fds(connection, HEADER.size, 1)
    if not descriptors:
        return None
    [descriptor] = descriptors
    try:
        split, rest, seconds = HEADER.unpack(header)
        request = os.pread(descriptor, split, 0)
        return Handover(request, os.pread(descriptor, rest, split), seconds)
    finally:
        os.close(descriptor)
