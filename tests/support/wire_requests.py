"""Well-formed requests of many kinds, as bytes: what wire_mutations.py spoils."""

import json
from collections.abc import Callable
from random import Random

from traffic import TYPICAL

# As long as any key, so that a seed brings the same bytes for each.
KEY = b"msk_000000000000_" + 43 * b"k"
WRONG_KEY = KEY.replace(b"0", b"1")

# What no answer and no line of a log has to carry: it stands in bodies alone.
SMUGGLED = b"GET /v1/model HTTP/1.1\r\nHost: a\r\nX-Request-ID: smuggled\r\n\r\n"

PATHS = (
    *(b"/health/live", b"/health", b"/health/ready", b"/openapi.json", b"/v1/model"),
    *(b"/v1/predict", b"/metrics", b"/v1/drift", b"/docs", b"/docs/none", b"/none"),
    *(b"/", b"//", b"//health", b"/v1//model", b"/v1/../metrics", b"/%76%31/model"),
    *(b"/v1/model?a=b%20c&d", b"/health?", b"/none;a=b", b"/%00", b"/%0d%0aa:%20b"),
)
METHODS = (b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
CREDENTIALS = (
    *5 * (b"X-API-Key: " + KEY,),
    b"Authorization: Bearer " + KEY,
    b"X-API-Key: " + WRONG_KEY,
    b"",
)
OTHERS = (
    *(b"Connection: keep-alive", b"Connection: close", b"Accept: */*", b"TE: trailers"),
    *(b"User-Agent: a", b"X-Request-ID: theirs", b"Cookie: a=b; c=d", b"X-Empty:"),
    *(b"Accept-Encoding: gzip", b"Expect: 100-continue"),
)
EXTENSIONS = (*4 * (b"",), b";a", b";a=b", b' ; a="b;c"', b";a;b=c")
TRAILERS = (*4 * (b"",), b"X-Sum: 1\r\n", b"X-Sum: 1\r\nX-More: \r\n")


def draw_requests(rng: Random) -> bytes:
    """Return one request, or as many as three that come at once."""
    count = rng.choices((1, 2, 3), (7, 2, 1))[0]
    return b"".join(draw_request(rng) for _ in range(count))


def draw_request(rng: Random) -> bytes:
    """Return a request of any kind."""
    draw: Callable[[Random], bytes] = rng.choice(
        (_draw_bare, _draw_plain, _draw_chunked)
    )
    return draw(rng)


def _draw_bare(rng: Random) -> bytes:
    line = b"%b %b HTTP/1.1" % (rng.choice(METHODS), rng.choice(PATHS))
    return _write_head(rng, line)


def _draw_plain(rng: Random) -> bytes:
    body = _draw_body(rng)
    return _write_head(rng, _draw_line(rng), b"Content-Length: %d" % len(body)) + body


def _draw_chunked(rng: Random) -> bytes:
    line = _draw_line(rng).replace(b"HTTP/1.0", b"HTTP/1.1")  # which knows no chunks
    head = _write_head(rng, line, b"Transfer-Encoding: chunked")
    return head + encode_chunks(rng, _draw_body(rng))


def encode_chunks(rng: Random, body: bytes) -> bytes:
    """Return a body in chunks of various sizes, with extensions and trailers."""
    parts, start = [], 0
    while start < len(body):
        chunk = body[start : start + rng.choice((7, 100, 1000))]
        size = rng.choice((b"%x", b"%X", b"0%x")) % len(chunk)
        parts += [size, rng.choice(EXTENSIONS), b"\r\n", chunk, b"\r\n"]
        start += len(chunk)
    parts += [b"0", rng.choice(EXTENSIONS), b"\r\n", rng.choice(TRAILERS), b"\r\n"]
    return b"".join(parts)


def _draw_line(rng: Random) -> bytes:
    method, path = (b"POST", b"/v1/predict")
    if rng.random() < 0.1:
        method, path = rng.choice(METHODS), rng.choice(PATHS)
    return b"%b %b HTTP/1.%d" % (method, path, rng.random() < 0.95)


def _draw_body(rng: Random) -> bytes:
    kind = rng.random()
    if kind < 0.2:  # what a reader that is out of step would take for a request
        return SMUGGLED * rng.randint(1, 2)
    if kind < 0.3:
        return rng.choice((b"", b"{", b"0\r\n\r\n" + SMUGGLED, b"\r\n", b"null"))
    return json.dumps({"instances": [TYPICAL["instance"]] * rng.randint(1, 2)}).encode()


def _write_head(rng: Random, line: bytes, *fields: bytes) -> bytes:
    others = rng.sample(OTHERS, rng.randint(0, 3))
    credential, kind = rng.choice(CREDENTIALS), b"Content-Type: application/json"
    written = [each for each in (*fields, credential, kind, *others) if each]
    rng.shuffle(written)
    return b"\r\n".join([line, b"Host: a", *written, b"", b""])
