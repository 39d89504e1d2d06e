"""Requests as bytes, over plain sockets."""

import contextlib
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


def read_all(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def write_request(server: Server, instance: Any, *lines: str) -> bytes:
    """Return a request for one prediction, with some more header lines."""
    body = json.dumps({"instances": [instance]})
    head = [
        "POST /v1/predict HTTP/1.1",
        "Host: a",
        f"X-API-Key: {server.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    return "\r\n".join([*head, "", body]).encode()
