"""A flood of `make soak` is what it claims to be, and ends by itself."""

import json
import math
import socket
import subprocess
import sys

import pytest
from pipelines import ROOT

from benchmarks.soak.caller import Outcome
from benchmarks.soak.findings import fill_waits, find_percentile
from benchmarks.soak.flooding import BODY_BYTES, CHUNK_BYTES, IDLE, chunk_request

BODY = b'{"instances":[{"Age":30}]}'
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 26\r\nHost: a\r\n\r\n" + BODY


@pytest.mark.parametrize("size", CHUNK_BYTES)
def test_a_body_in_tiny_chunks_is_as_large_as_may_be(size: int) -> None:
    request = chunk_request(REQUEST, size)
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"Content-Length" not in head
    chunk = b"%x\r\n" % size
    width = len(chunk) + size + 2
    first = [body[at : at + width] for at in range(0, len(BODY) * width, width)]
    assert all(each.startswith(chunk) for each in first)
    assert b"".join(each[len(chunk) : -2] for each in first).startswith(BODY)
    last = b"0\r\n\r\n"
    assert body.endswith(last)
    count, rest = divmod(len(body) - len(last), width)
    assert (rest, BODY_BYTES - count * size < size) == (0, True)


def test_a_flood_ends_with_its_orders() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.soak.flooding", "idle", str(port)]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as flood:
            assert flood.stdin is not None
            assert flood.stdout is not None
            flood.stdin.write(json.dumps([]).encode() + b"\n")
            flood.stdin.flush()
            for _ in range(IDLE + 1):
                listener.accept()[0].close()
            assert flood.stdout.readline() == b"begun\n"
            flood.stdin.close()
            assert flood.wait(timeout=60) == 0


def test_nothing_answered_took_for_ever() -> None:
    assert find_percentile([], 0.99) == math.inf


def test_a_caller_that_was_held_up_has_waited_all_the_time() -> None:
    outcomes = [*999 * [Outcome(200, 0.001)], Outcome(200, 1.0)]
    assert find_percentile(outcomes, 0.99) == 0.001
    filled = list(fill_waits(outcomes, 0.01))
    assert len(filled) in (1099, 1100)  # by how the hundredth part is rounded
    assert find_percentile(filled, 0.99) > 0.8
