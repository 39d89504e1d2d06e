"""A flood's target, told over its standard input, and how long it is to last."""

import itertools
import json
import select
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# Its parent process may be gone. The slowest flood is at its height within some ten.
MOST_SECONDS = 30.0

# For what a server that is still there takes, or answers, at once.
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Flood:
    """The port to flood, the requests to flood it with, and whether it is over."""

    port: int
    requests: Sequence[bytes]
    over: threading.Event = field(default_factory=threading.Event)

    def announce(self) -> None:
        """Say that it is at its height. Raises SystemExit where that took too long."""
        if self.over.is_set():
            raise SystemExit("The flood was over before it was at its height.")
        print("begun", flush=True)

    def connect(self, window: int = 0) -> socket.socket:
        """Return a connection, which reads so many bytes ahead at most."""
        connection = socket.socket()
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(("127.0.0.1", self.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def repeat(self) -> Iterator[int]:
        """Count until it is over."""
        return itertools.takewhile(lambda _: not self.over.is_set(), itertools.count())


def read_flood(port: int) -> Flood:
    """Read the requests, and note when standard input ends."""
    requests = [text.encode("latin-1") for text in json.loads(sys.stdin.readline())]
    flood = Flood(port, requests)

    def wait() -> None:
        select.select([sys.stdin], [], [], MOST_SECONDS)
        flood.over.set()

    threading.Thread(target=wait, daemon=True).start()
    return flood
