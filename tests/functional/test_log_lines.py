"""What callers send makes no line of the log, and no key ends up in one."""

import json
import socket

import httpx
import pytest
from conftest import Served
from lines import check_lines
from server import PATIENCE_SECONDS
from traffic import TYPICAL

HEADERS = [
    *("X-Request-ID", "traceparent", "tracestate", "Authorization", "X-API-Key"),
    *("Host", "Content-Type", "Content-Encoding", "Content-Length", "Accept"),
    *("Transfer-Encoding", "Expect", "Connection", "User-Agent", "Referer", "Cookie"),
    *("X-Request-Timeout-Ms", "X-Forwarded-For", "Forwarded", "X-Other", "Odd(name"),
]
FORGED = '{"event": "forged"}'
VALUES = [
    "{key}",
    "Bearer {key}",
    "{KEY}",
    f"a\r\n{FORGED}",
    f"a\n{FORGED}",
    f"a\r{FORGED}",
    f"a\r\n {FORGED}",
    f'"}}{FORGED}',
    "\x1b[2J\x1b]0;forged\x07{key}",
    "\x00{key}",
    "\x9b2J forged {key}",
    "\u2028forged {key}",
    "\xff\xfe{key}",
    "x" * 9000 + "{key}",
]


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_forges_a_line_or_leaves_a_key(served: Served, header: str) -> None:
    server = served("credit-risk")
    address = httpx.URL(server.url)
    body = json.dumps({"instances": [TYPICAL["instance"]]})
    for template in VALUES:
        value = template.replace("{key}", server.key)
        value = value.replace("{KEY}", server.key.upper())
        lines = [
            "POST /v1/predict HTTP/1.1",
            f"{header}: {value}",
            *("Connection: close", "Content-Type: application/json"),
            f"Content-Length: {len(body)}",
        ]
        request = "\r\n".join([*lines, "", body]).encode("utf-8")
        with socket.create_connection(
            (address.host, address.port or 0), PATIENCE_SECONDS
        ) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    server.predict([TYPICAL["instance"]])
    check_lines(server.lines)
    text = "".join(server.lines)
    assert "forged" not in text
    assert server.key not in text
    assert server.key.split("_", 2)[2] not in text
    assert server.key.upper() not in text


@pytest.mark.parametrize("place", ["{key}", "/{key}", "/v1/predict?key={key}"])
def test_no_path_leaves_a_key(served: Served, place: str) -> None:
    server = served("credit-risk")
    address = httpx.URL(server.url)
    for method in ("GET", "POST", server.key):
        request = f"{method} {place.replace('{key}', server.key)} HTTP/1.1\r\n\r\n"
        with socket.create_connection(
            (address.host, address.port or 0), PATIENCE_SECONDS
        ) as connection:
            connection.sendall(request.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    server.predict([TYPICAL["instance"]])
    check_lines(server.lines)
    assert server.key not in "".join(server.lines)
