"""Where a request ends, and what is wrong with it, however its bytes come in."""

import gc
import itertools
import weakref

import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from service.server.reader import RequestReader
from service.server.request import Request

MAX_BODY = 200_000
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

BAD_REQUEST, TOO_LARGE, TOO_LONG, HEAD_TOO_LARGE = 400, 413, 414, 431
EXPECTATION_FAILED, NOT_IMPLEMENTED = 417, 501


def read(
    received: bytes, cuts: list[int] | None = None, *, is_over: bool = False
) -> tuple[RequestReader, bytearray]:
    """Read bytes that come in several parts; return what is left of them, too."""
    reader, buffer = RequestReader(Config(), MAX_BODY), bytearray()
    edges = [0, *sorted(cuts or []), len(received)]
    for start, end in itertools.pairwise(edges):
        buffer += received[start:end]
        while not reader.is_complete and reader.refusal is None:
            reader.read(buffer)
            if not reader.is_paused:
                break
    if is_over:
        reader.end()
    return reader, buffer


def read_whole(received: bytes) -> Request:
    """Return a request that is all there."""
    reader, buffer = read(received)
    assert reader.refusal is None
    assert reader.is_complete
    assert reader.request
    assert not buffer
    return reader.request


def encode_chunks(parts: list[bytes], trailer: bytes) -> bytes:
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(p), p) for p in parts if p)
    return CHUNKED + chunks + b"0\r\n" + trailer


def encode_plain(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


bodies = st.binary(max_size=100)
requests = st.one_of(
    st.just((HEAD + b"\r\n", b"")),
    bodies.map(lambda body: (encode_plain(body), body)),
    st.builds(
        lambda parts, trailer: (encode_chunks(parts, trailer), b"".join(parts)),
        st.lists(bodies, max_size=4),
        st.sampled_from([b"\r\n", b"Checksum: x\r\n\r\n"]),
    ),
)


@given(request=requests, following=st.binary(max_size=50), data=st.data())
def test_a_request_ends_where_it_ends_however_it_is_cut(
    request: tuple[bytes, bytes], following: bytes, data: st.DataObject
) -> None:
    first, body = request
    received = first + following
    cuts = data.draw(st.lists(st.integers(0, len(received)), max_size=5))
    reader, left = read(received, cuts)
    assert reader.is_complete
    assert left == following
    assert reader.request
    assert reader.request.body.read() == body
    early, _ = read(first[: data.draw(st.integers(0, len(first) - 1))])
    assert not early.is_complete
    assert early.refusal is None


def test_nothing_is_lost_of_what_follows_a_chunked_body_in_one_piece() -> None:
    """More than is parsed at a time: a request could hide in what was dropped."""
    following = encode_plain(20_000 * b"a")
    reader, left = read(encode_chunks([b"abc"], b"\r\n") + following)
    assert reader.is_complete
    assert left == following


@given(request=requests, data=st.data())
def test_a_body_that_is_cut_short_is_refused(
    request: tuple[bytes, bytes], data: st.DataObject
) -> None:
    first, _ = request
    end = first.index(b"\r\n\r\n") + 4
    reader, _ = read(first[: data.draw(st.integers(0, len(first) - 1))], is_over=True)
    refused = reader.refusal.code if reader.refusal else None
    assert refused == (BAD_REQUEST if reader.request else None)
    assert (reader.request is None) or len(first) > end


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.01\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.+2\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1. 2\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: me@a\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BAD_REQUEST),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD_REQUEST),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET http://[a/ HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", NOT_IMPLEMENTED),
        (HEAD + b"Expect: 200-ok\r\n\r\n", EXPECTATION_FAILED),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", BAD_REQUEST),
        (HEAD + b"Content-Length: +5\r\n\r\n", BAD_REQUEST),
        (HEAD + b"Content-Length: " + 5000 * b"1" + b"\r\n\r\n", BAD_REQUEST),
        (HEAD + b"Content-Length: %d\r\n\r\n" % 2**64, TOO_LARGE),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1), TOO_LARGE),
        (CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n", BAD_REQUEST),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", NOT_IMPLEMENTED),
        (HEAD + b"Transfer-Encoding: identity, chunked\r\n\r\n", NOT_IMPLEMENTED),
        (HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"5\r\nhello\n40\r\n", BAD_REQUEST),
        (CHUNKED + b"5\r\nhelloXX0\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"-5\r\n", BAD_REQUEST),
        (CHUNKED + b"0x5\r\n", BAD_REQUEST),
        (CHUNKED + b"5 \r\n", BAD_REQUEST),
        (CHUNKED + b"1_0\r\n", BAD_REQUEST),
        (CHUNKED + b"\r\n", BAD_REQUEST),
        (CHUNKED + b"5;a=\x00\r\n", BAD_REQUEST),
        (CHUNKED + b"5;" + 9000 * b"a", BAD_REQUEST),
        (CHUNKED + b"FFFFFF\r\n" + MAX_BODY * b"a" + b"a", TOO_LARGE),
        (CHUNKED + b"FFFFFFFFFFFFFFFFFFFFF\r\n", TOO_LARGE),
        (CHUNKED + MAX_BODY * b"1\r\na\r\n", BAD_REQUEST),
        (CHUNKED + b"0\r\nHost: a\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"0\r\nGET / HTTP/1.1\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"0\r\nA: \x01\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"0\r\n A: b\r\n\r\n", BAD_REQUEST),
        (CHUNKED + b"0\r\n" + 9000 * b"a", HEAD_TOO_LARGE),
        (5000 * b"a", TOO_LONG),
        (b"GET /" + 5000 * b"a" + b" HTTP/1.1\r\n", TOO_LONG),
        (HEAD + b"A: " + 9000 * b"a", HEAD_TOO_LARGE),
        (HEAD + 101 * b"A: a\r\n", HEAD_TOO_LARGE),
        (HEAD + 9 * (b"A: " + 8000 * b"a" + b"\r\n"), HEAD_TOO_LARGE),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000, MAX_BODY * 6])
def test_what_must_not_be_answered_as_it_asks_is_refused(
    received: bytes, status: int, piece: int
) -> None:
    if piece == 1:
        received = received[:20_000]  # the first of many is enough
    reader, _ = read(received, list(range(piece, len(received), piece)))
    if piece > 1 or len(received) < 20_000:
        assert reader.refusal
        assert reader.refusal.code == status
        assert reader.request
        assert reader.request.should_close()


def test_a_newer_minor_version_is_read_as_the_one_that_is_answered() -> None:
    for version in (b"1.2", b"1.9"):
        request = read_whole(HEAD.replace(b"1.1", version) + b"\r\n")
        assert request.version == (1, 1)


@pytest.mark.parametrize(
    ("version", "lines", "closes"),
    [
        (b"1.1", b"", False),
        (b"1.1", b"Connection: x, Close\r\n", True),
        (b"1.1", b"Connection: close\r\nConnection: keep-alive\r\n", True),
        (b"1.1", b"Connection: not-close\r\n", False),
        (b"1.0", b"", True),
        (b"1.0", b"Connection: x,keep-alive\r\n", False),
        (b"1.0", b"Connection: keep-alive, close\r\n", True),
    ],
)
def test_the_headers_say_whether_the_connection_is_kept(
    version: bytes, lines: bytes, closes: bool
) -> None:
    request = read_whole(HEAD.replace(b"1.1", version) + lines + b"\r\n")
    assert request.should_close() is closes


def test_an_absolute_target_names_the_host() -> None:
    line = b"GET http://b:80/health/live?a=b HTTP/1.1\r\nHost: a\r\n\r\n"
    request = read_whole(line)
    assert (request.path, request.query) == ("/health/live", "a=b")
    assert request.headers == [("HOST", "b:80")]


def test_a_name_with_an_underscore_passes_for_no_other() -> None:
    request = read_whole(HEAD + b"X_API_Key: a\r\nX-Real: b\r\n\r\n")
    assert request.headers == [("HOST", "a"), ("X-REAL", "b")]


def test_the_head_says_what_the_event_loop_has_to_know() -> None:
    head = HEAD + b"expect: 100-Continue\r\nX-Request-Timeout-Ms: 250\r\n"
    reader, _ = read(head + b"Content-Length: 9\r\n\r\n")
    assert reader.request
    assert reader.request.awaits_continue
    assert reader.request.timeout_ms == 250
    assert read_whole(HEAD + b"X-Request-Timeout-Ms: 1e3\r\n\r\n").timeout_ms is None
    old = HEAD.replace(b"1.1", b"1.0") + b"Expect: anything\r\n\r\n"
    assert not read_whole(old).awaits_continue


@pytest.mark.parametrize("host", [b"", b"a.b:80", b"[::1]:8000", b"a_b", b"%61", b"a:"])
def test_a_host_may_be_all_that_its_grammar_allows(host: bytes) -> None:
    assert read_whole(HEAD.replace(b"Host: a", b"Host: " + host) + b"\r\n")


@pytest.mark.parametrize("size", [len(CHUNKED), -1, None])
def test_a_body_is_let_go_at_once_with_its_reader(size: int | None) -> None:
    """A cycle would keep each body until the garbage collector comes round."""
    gc.disable()
    try:
        reader, _ = read(encode_chunks([b"abc"], b"\r\n")[:size])
        held = weakref.ref(reader)
        del reader
        assert held() is None
    finally:
        gc.enable()
