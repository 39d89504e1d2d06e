"""Requests as bytes, over plain sockets."""

import contextlib
import http.client
import json
import resource
import socket
from collections.abc import Iterator
from typing import Any

import httpx
from server import PATIENCE_SECONDS, Server


@contextlib.contextmanager
def limit_files(number: int, process: int = 0) -> Iterator[None]:
    """Let a process, this one and what it starts by default, open no more files."""
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)


def connect(server: Server) -> socket.socket:
    """Return a connection to a server."""
    address = httpx.URL(server.url)
    return socket.create_connection((address.host, address.port or 0), PATIENCE_SECONDS)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the body of the next answer, and no more."""
    with connection.makefile("rb", buffering=0) as stream:
        status = int(stream.readline().split()[1])
        headers = http.client.parse_headers(stream)
    body, size = b"", int(headers["Content-Length"])
    while len(body) < size:
        part = connection.recv(size - len(body))
        assert part, f"{size - len(body)} bytes more were to come"
        body += part
    return status, dict(headers), body


def read_all(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def write_request(server: Server, instance: Any, *lines: str, size: int = 0) -> bytes:
    """Return a request for one prediction, with some more header lines.

    Its body has `size` bytes at least, the last of them blanks.
    """
    body = json.dumps({"instances": [instance]}).ljust(size)
    head = [
        "POST /v1/predict HTTP/1.1",
        "Host: a",
        f"X-API-Key: {server.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", body]).encode()
