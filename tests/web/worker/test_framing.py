"""Where a request ends, however its bytes come in."""

import itertools

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from service.web.worker.framing import Frame, Framer

MAX_HEAD, MAX_BODY = 1000, 2000
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\n"


def frame(received: bytes, *, cuts: list[int] = [], is_over: bool = False) -> Frame:  # noqa: B006
    """Read bytes that come in as several parts."""
    framer, buffer = Framer(MAX_HEAD, MAX_BODY), bytearray()
    found = framer.frame
    edges = [0, *sorted(cuts), len(received)]
    for start, end in itertools.pairwise(edges):
        buffer += received[start:end]
        found = framer.read(buffer, is_over=is_over and end == len(received))
    return found


def encode_chunks(parts: list[bytes], ending: bytes) -> bytes:
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(p), p) for p in parts if p)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + ending


def encode_plain(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


bodies = st.binary(max_size=100)
requests = st.one_of(
    st.just(HEAD + b"\r\n"),
    bodies.map(encode_plain),
    st.builds(
        encode_chunks,
        st.lists(bodies, max_size=4),
        st.sampled_from([b"\r\n", b"Checksum: x\r\n\r\n"]),
    ),
)


@given(first=requests, second=st.binary(max_size=50), data=st.data())
def test_a_request_ends_where_it_ends_however_it_is_cut(
    first: bytes, second: bytes, data: st.DataObject
) -> None:
    received = first + second
    cuts = data.draw(st.lists(st.integers(0, len(received)), max_size=5))
    found = frame(received, cuts=cuts)
    assert (found.size, found.is_whole) == (len(first), True)
    early = data.draw(st.integers(0, len(first) - 1))
    assert frame(first[:early]).size is None


@given(first=requests)
def test_gunicorn_reads_a_frame_to_its_last_byte(first: bytes) -> None:
    parser = RequestParser(Config(), iter((first,)), ("127.0.0.1", 1))
    request = next(parser)
    request.body.read()
    assert parser.unreader.read() == b""


@pytest.mark.parametrize(
    "received",
    [
        HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: +5\r\n\r\nabcde",
        HEAD + b"Content-Length: 2001\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nSECRET\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nSECRET\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + 5000 * b"a",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + 5000 * b"a",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n" + 9000 * b"a",
        b"GET / HTTP/1.1\nHost: a\n\n",
        2000 * b"a",
    ],
)
def test_what_is_not_plainly_framed_is_handed_over_as_the_last(received: bytes) -> None:
    found = frame(received)
    assert (found.size, found.is_whole) == (len(received), False)


@given(first=requests, data=st.data())
def test_what_is_cut_short_is_handed_over_as_the_last(
    first: bytes, data: st.DataObject
) -> None:
    received = first[: data.draw(st.integers(0, len(first) - 1))]
    found = frame(received, is_over=True)
    assert (found.size, found.is_whole) == (len(received), False)


def test_the_head_says_what_the_loop_has_to_know() -> None:
    head = HEAD + b"expect: 100-Continue\r\nX-Request-Timeout-Ms: 250\r\n"
    found = frame(head + b"Content-Length: 9\r\n\r\n")
    assert (found.awaits_continue, found.timeout_ms) == (True, 250)
    assert frame(HEAD + b"X-Request-Timeout-Ms: 1e3\r\n\r\n").timeout_ms is None
