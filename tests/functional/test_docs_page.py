"""The page of the contract, rendered by a real browser, and its files over the wire."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Served
from raw import connect, read_all, read_answer

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_the_models_own_contract(
    served: Served, tmp_path: Path
) -> None:
    page = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"{served('credit-risk').url}/docs",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for shown in ("credit-risk", "/v1/predict", "Seniority", "owner", "422"):
        assert shown in page


def test_one_connection_brings_a_file_in_every_way_that_there_is(
    served: Served,
) -> None:
    server, target = served("credit-risk"), "/docs/swagger-ui.css"
    with connect(server) as connection:

        def ask(*lines: str) -> tuple[int, dict[str, str], bytes]:
            head = [f"GET {target} HTTP/1.1", "Host: a", *lines]
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            return read_answer(connection)

        plain, packed = ask(), ask("Accept-Encoding: br, gzip")
        assert packed[1]["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed[2]) == plain[2]
        assert packed[1]["ETag"] != plain[1]["ETag"]
        for part in ("bytes=0-9", "bytes=9-0", "bytes=", "pages=1"):
            whole = ask(f"Range: {part}")
            assert (whole[0], whole[2]) == (200, plain[2])
        refused = ask('If-Match: "other"')
        assert refused[0] == json.loads(refused[2])["status"] == 412
        assert ask("Accept-Encoding: gzip;q=0, *")[2] == plain[2]


def test_neither_head_nor_what_is_known_brings_a_body(served: Served) -> None:
    server, target = served("credit-risk"), "/docs/swagger-ui-bundle.js"
    with server.connect() as client:
        gzipped = client.get(target)  # it accepts that by default
        etag = gzipped.headers["ETag"]
    head = f"{target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"
    with connect(server) as connection:
        connection.sendall(
            f"HEAD {head}\r\n"
            f"GET {head}If-None-Match: W/{etag}\r\n\r\n"
            f"HEAD {head}If-None-Match: *\r\nConnection: close\r\n\r\n".encode()
        )
        answers = read_all(connection).split(b"\r\n\r\n")
    statuses = [answer.split(b" ", 2)[1] for answer in answers if answer]
    assert statuses == [b"200", b"304", b"304"]
    length = gzipped.headers["Content-Length"]
    assert f"\r\nContent-Length: {length}\r\n".encode() in answers[0]
    assert b"\r\nContent-Encoding: gzip" in answers[0]
    for answer in answers[:-1]:
        assert f"\r\nETag: {etag}\r\n".encode() in answer


@pytest.mark.parametrize(
    "target",
    [
        "/docs/../docs/start.js",
        "/docs/..%2fpages.py",
        "/docs/%2e%2e/pages.py",
        "/docs//etc/passwd",
        "/docs/..\\..\\app.py",
        "/docs/%00",
        "/docs/absent.js",
    ],
)
def test_no_path_leads_to_another_file(served: Served, target: str) -> None:
    with connect(served("credit-risk")) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        status, headers, body = read_answer(connection)
    assert status == json.loads(body)["status"] == 404
    assert headers["Content-Type"] == "application/problem+json"
