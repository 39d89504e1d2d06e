"""Requests that were well formed until some bytes, a line or a length was changed.

tests/support/mutations.py does the same to what is inside a body.
"""

import re
from collections.abc import Callable, Iterator
from random import Random

from wire_oddities import (
    BLANKS,
    CODINGS,
    COLONS,
    ENDS,
    FIELDS,
    LENGTHS,
    METHODS,
    SIZES,
    TARGETS,
    VERSIONS,
)
from wire_requests import SMUGGLED, draw_requests

SIZE = re.compile(rb"(?<=\r\n)[0-9A-Fa-f]{1,4}(?=[ ;\r])")
FIRST_LINE = re.compile(
    rb"(?:^|(?<=\r\n\r\n))([A-Z]+) ([^ \r\n]+) (HTTP/1\.[01])(?=\r\n)"
)
LENGTH = re.compile(rb"(?<=\r\nContent-Length: )[0-9]+")
LINE = re.compile(rb"(?<=\r\n)[^\r\n]+\r\n")


def iterate_mutants(seed: int, count: int) -> Iterator[bytes]:
    """Yield requests, most of them mutated: the same ones for the same seed."""
    rng = Random(seed)
    for _ in range(count):
        data = draw_requests(rng)
        for _ in range(rng.choices((0, 1, 2, 3), (1, 12, 4, 3))[0]):
            data = rng.choice(MUTATIONS)(rng, data)
        yield data


def _pick(rng: Random, data: bytes) -> int:
    """Return a place, in the first head more often than behind it."""
    head = data.find(b"\r\n\r\n") + 4
    return rng.randrange(max(1, head if rng.random() < 0.7 else len(data)))


def _replace(
    rng: Random,
    data: bytes,
    pattern: bytes | re.Pattern[bytes],
    new: bytes,
    group: int = 0,
) -> bytes:
    """Put something in the place of a match, one of the first two in half of the cases.

    What comes early decides more often how the rest is read.
    """
    matches = list(re.finditer(pattern, data))
    if not matches:
        return data
    start, end = rng.choice(matches[: rng.choice((2, len(matches)))]).span(group)
    return data[:start] + new + data[end:]


def _flip(rng: Random, data: bytes) -> bytes:
    at = _pick(rng, data)
    return (
        data[:at]
        + bytes(byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1])
        + data[at + 1 :]
    )


def _insert(rng: Random, data: bytes) -> bytes:
    at = _pick(rng, data)
    odd = rng.choice(
        (b"\0", b"\r", b"\n", b" ", b"\t", b":", b"\xff", rng.randbytes(1))
    )
    return data[:at] + odd + data[at:]


def _delete(rng: Random, data: bytes) -> bytes:
    at = _pick(rng, data)
    return data[:at] + data[at + rng.choice((1, 1, 2, 20)) :]


def _double(rng: Random, data: bytes) -> bytes:
    at = _pick(rng, data)
    size = rng.choice((1, 1, 2, 20, 200))
    return data[: at + size] + data[at:]


def _cut(rng: Random, data: bytes) -> bytes:
    return data[: _pick(rng, data)]


def _end_otherwise(rng: Random, data: bytes) -> bytes:
    new = rng.choice(ENDS)
    if rng.random() < 0.2:
        return data.replace(b"\r\n", new)
    return _replace(rng, data, rb"\r\n", new)


def _space(rng: Random, data: bytes) -> bytes:
    if rng.random() < 0.5:
        return _replace(rng, data, rb":", rng.choice(COLONS))
    return _replace(rng, data, rb" ", rng.choice(BLANKS))


def _add_field(rng: Random, data: bytes) -> bytes:
    return _replace(rng, data, rb"(?<=\r\n)(?=[^\r\n]+:)", rng.choice(FIELDS) + b"\r\n")


def _double_line(rng: Random, data: bytes) -> bytes:
    lines = LINE.findall(data)
    return (
        _replace(rng, data, LINE, b"".join(rng.choices(lines, k=2))) if lines else data
    )


def _lie(rng: Random, data: bytes) -> bytes:
    if LENGTH.search(data):
        return _replace(rng, data, LENGTH, rng.choice(LENGTHS))
    return _replace(rng, data, rb"(?<=Encoding: )chunked", rng.choice(CODINGS))


def _resize(rng: Random, data: bytes) -> bytes:
    sizes = SIZE.findall(data)
    if not sizes:
        return _lie(rng, data)
    return _replace(rng, data, SIZE, rng.choice(SIZES)(int(rng.choice(sizes), 16)))


def _begin_otherwise(rng: Random, data: bytes) -> bytes:
    group, odd = rng.choice(((1, METHODS), (2, TARGETS), (3, VERSIONS)))
    return _replace(rng, data, FIRST_LINE, rng.choice(odd), group)


def _embed(rng: Random, data: bytes) -> bytes:
    at = _pick(rng, data)
    return data[:at] + SMUGGLED + data[at:]


Mutation = Callable[[Random, bytes], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _insert, _delete, _double, _cut, _end_otherwise, _space, _add_field),
    *(_double_line, _lie, _resize, _begin_otherwise, _embed, _add_field, _resize),
)
