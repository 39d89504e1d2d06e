"""Requests as bytes, over plain sockets."""

import json
import socket
from typing import Any

import httpx
from server import PATIENCE_SECONDS, Server


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
