"""python -m benchmarks.soak.flooding NAME PORT: a flood, from a process of its own.

It reads its requests from a line of JSON, prints a line once it is at its height, and
goes on until its standard input ends, or for half a minute.
"""

import http.client
import itertools
import resource
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial

from benchmarks.soak.flood import PATIENCE_SECONDS, Flood, read_flood

IDLE = 3000
HEADS = 64

# So that the load leaves the cores to the service: 64 bytes each are 12,800 a second.
DRIP_SECONDS = 0.005

CHUNKING = 4
CHUNK_BYTES = (1, 16, 64)
BODY_BYTES = 8 * 2**20

# Linux doubles it, and keeps to a least value of its own.
WINDOW_BYTES = 1024


def hold_idle(flood: Flood) -> None:
    """Connect, and send nothing."""
    with ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(flood.connect())
        with flood.connect() as last:  # accepted when all before it have been
            last.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            with suppress(OSError):
                last.recv(1)
        flood.announce()
        flood.over.wait()


def leave_unread(flood: Flood) -> None:
    """Ask over a connection for each request, and read none of the answers.

    The next is asked for when one begins to be answered: it is not to be too much.
    """
    with ExitStack() as stack:
        for _, request in zip(flood.repeat(), flood.requests, strict=False):
            connection = stack.enter_context(flood.connect(WINDOW_BYTES))
            with suppress(OSError):  # it may be closed before all is sent
                connection.sendall(request)
                connection.recv(1, socket.MSG_PEEK)
        flood.announce()
        flood.over.wait()


def send_chunks(flood: Flood, size: int) -> None:
    """Send a large body in tiny chunks, over several connections again and again."""
    request = chunk_request(flood.requests[0], size)

    def send_on() -> None:
        for _ in flood.repeat():
            with suppress(OSError), flood.connect() as connection:
                connection.sendall(request)
                connection.recv(65536)

    threads = [threading.Thread(target=send_on) for _ in range(CHUNKING)]
    for thread in threads:
        thread.start()
    flood.announce()
    for thread in threads:
        thread.join()


def chunk_request(request: bytes, size: int) -> bytes:
    """Return a request whose body comes in chunks, and in blanks up to BODY_BYTES."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if b"Content-Length" not in line]
    body = body.ljust(-(-len(body) // size) * size)
    chunk = b"%x\r\n%%b\r\n" % size
    parts = [chunk % body[at : at + size] for at in range(0, len(body), size)]
    blanks = (chunk % (b" " * size)) * ((BODY_BYTES - len(body)) // size)
    chunked = b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""])
    return b"".join([chunked, *parts, blanks, b"0\r\n\r\n"])


def ask_wrongly(flood: Flood) -> None:
    """Ask the same over one connection, again and again."""
    head, _, body = flood.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    client = http.client.HTTPConnection(
        "127.0.0.1", flood.port, timeout=PATIENCE_SECONDS
    )
    flood.announce()
    for _ in flood.repeat():
        try:
            client.request("POST", first.split()[1], body, headers)
            client.getresponse().read()
        except (OSError, http.client.HTTPException):
            client.close()


def drip_heads(flood: Flood) -> None:
    """Send heads without end over many connections, a byte of each in turn."""
    with ExitStack() as stack:
        connections = [stack.enter_context(flood.connect()) for _ in range(HEADS)]
        flood.announce()
        line = itertools.cycle(b"GET /health HTTP/1.1\r\n" + 80 * b"x: aaaaaaaa\r\n")
        for _, byte in zip(flood.repeat(), line, strict=False):
            flood.over.wait(DRIP_SECONDS)
            for place, connection in enumerate(connections):
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    connection.close()
                    connections[place] = stack.enter_context(flood.connect())


FLOODS: dict[str, Callable[[Flood], None]] = {
    "idle": hold_idle,
    "unread": leave_unread,
    **{f"chunks-{size}": partial(send_chunks, size=size) for size in CHUNK_BYTES},
    "wrong": ask_wrongly,
    "heads": drip_heads,
}


def main() -> None:
    """Flood a port, in the way of that name."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    name, port = sys.argv[1:]
    FLOODS[name](read_flood(int(port)))


if __name__ == "__main__":
    main()
