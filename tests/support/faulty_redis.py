"""A server on a socket file that answers as Redis, or as one that is out of order."""

import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# What becomes of an answer: sent on as it is, or otherwise. False ends the connection.
Fault = Callable[["FaultyRedis", socket.socket, bytes], bool]

# Long enough for its callers to have given up, and the fault may be over before.
LONG_SECONDS = 3600.0


class FaultyRedis(socketserver.ThreadingUnixStreamServer):
    """Stands before a Redis, and hands its answers on with whatever fault it has."""

    daemon_threads = True
    fault: Fault | None = None

    def __init__(self, folder: Path, redis: Path) -> None:
        self._path = folder / "faulty.sock"
        self.redis = redis
        self._is_mended = threading.Event()
        super().__init__(str(self._path), Link)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Return its address, as SERVICE_RATE_LIMIT_STORAGE takes it."""
        return f"redis+unix://{self._path}"

    def break_down(self, fault: Fault) -> None:
        """Answer with a fault from now on."""
        self._is_mended.clear()
        self.fault = fault

    def mend(self) -> None:
        """Hand on what Redis answers from now on."""
        self.fault = None
        self._is_mended.set()

    def wait(self, seconds: float) -> bool:
        """Let so much time pass, and return False if it was mended meanwhile."""
        return not self._is_mended.wait(seconds)

    def stop(self) -> None:
        """End it, and all connections with it."""
        self.mend()
        self.shutdown()
        self._thread.join()
        self.server_close()


class Link(socketserver.BaseRequestHandler):
    """A connection of a caller's, and one to Redis for it."""

    server: FaultyRedis

    def handle(self) -> None:
        """Hand on a command, and its answer, until either side closes."""
        caller: socket.socket = self.request
        with socket.socket(socket.AF_UNIX) as redis, suppress(OSError):
            redis.connect(str(self.server.redis))
            while command := caller.recv(65536):
                redis.sendall(command)
                answer = redis.recv(65536)
                fault = self.server.fault or send_on
                if not answer or not fault(self.server, caller, answer):
                    return


def send_on(_: FaultyRedis, caller: socket.socket, answer: bytes) -> bool:
    """Answer as Redis does."""
    caller.sendall(answer)
    return True


def say(words: bytes) -> Fault:
    """Say something else."""

    def fault(_: FaultyRedis, caller: socket.socket, __: bytes) -> bool:
        caller.sendall(words)
        return True

    return fault


def delay(seconds: float) -> Fault:
    """Answer so much later."""

    def fault(server: FaultyRedis, caller: socket.socket, answer: bytes) -> bool:
        server.wait(seconds)
        return send_on(server, caller, answer)

    return fault


def drip(server: FaultyRedis, caller: socket.socket, _: bytes) -> bool:
    """Begin an answer, and send a byte of it now and then, without end."""
    caller.sendall(b"+")
    while server.wait(0.1):
        caller.sendall(b"x")
    return False


def pour(server: FaultyRedis, caller: socket.socket, _: bytes) -> bool:
    """Send as much as is taken, without end."""
    caller.sendall(b"+")
    while server.wait(0):
        caller.sendall(65536 * b"x")
    return False


def hang(server: FaultyRedis, caller: socket.socket, _: bytes) -> bool:
    """Answer nothing."""
    server.wait(LONG_SECONDS)
    return False


def break_off(_: FaultyRedis, caller: socket.socket, answer: bytes) -> bool:
    """Close in the middle of an answer."""
    caller.sendall(answer[: len(answer) // 2])
    return False
