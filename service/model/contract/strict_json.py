"""Strict JSON, as RFC 8259 defines it.

orjson rejects NaN, Infinity, 1e400, byte order marks, other encodings, lone surrogates
and more than 1,024 nested brackets, and says where. It accepts a duplicate key and
keeps the last value, so duplicates are looked for here.
"""

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from service.model.errors import MalformedJsonError

# In ASCII, an opening brace is an opening bracket with this bit.
BRACE, BRACE_BIT = ord("{"), ord("{") ^ ord("[")
QUOTE, COLON = ord('"'), ord(":")

# What json.dumps writes for floats that JSON has no numbers for. orjson names the place
# of its first character, or of that after the sign.
NO_NUMBER = re.compile(r"-?(NaN|Infinity)")

CONTAINERS = frozenset([dict, list])

# Below, numpy's overhead of two microseconds is more than it saves.
FEW_BYTES = 2000


@contextmanager
def pausing_collector() -> Iterator[None]:
    """Let no cycles be looked for among lists that are being made.

    Of half a million, the collector takes twice as long as what decodes them.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def decode(body: bytes) -> Any:
    """Decode a JSON document; of duplicate keys, the last is kept.

    Raises MalformedJsonError, naming line and column.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJsonError(f"The body is not JSON: {_explain(error)}.") from None


def decode_nan(body: bytes) -> Any:
    """Decode JSON in which NaN stands for null, as pandas and tritonclient write it.

    Infinity is refused, as by `decode`. Raises MalformedJsonError.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"NaN" not in body:
            return decode(body)
    try:
        return orjson.loads(_write_nulls(body))
    except orjson.JSONDecodeError:  # in words of what came
        return decode(body)


def _write_nulls(body: bytes) -> bytes:
    """Return a body with null in place of each NaN that is not within a string.

    What was no JSON stays none. A parser that knows NaN, Python's, takes four times as
    long for 8 MiB of numbers as this with orjson.
    """
    # As long as the body, so that a place in one is that in the other.
    unescaped = body.replace(rb"\\", b"__").replace(rb"\"", b"__")
    symbols = np.frombuffer(unescaped, np.uint8)
    is_found = ~np.logical_xor.accumulate(symbols == QUOTE)[:-2]
    for index, letter in enumerate(b"NaN"):
        is_found &= symbols[index : len(symbols) - 2 + index] == letter
    places = np.flatnonzero(is_found)
    first, *others = b"null"
    written = np.insert(np.frombuffer(body, np.uint8), places, first)
    places += np.arange(len(places))  # each lies behind those that were inserted
    for offset, letter in enumerate(others, 1):
        written[places + offset] = letter
    return written.tobytes()


def _explain(error: orjson.JSONDecodeError) -> str:
    """Return what is wrong, in better words where a number that is none was sent."""
    places = (max(error.pos - 1, 0), error.pos)
    token = next(filter(None, (NO_NUMBER.match(error.doc, at) for at in places)), None)
    if token is None:
        return str(error)
    return (
        f"it holds {token[0]}, which is no number: send null for a missing value: line"
        f" {error.lineno} column {error.colno} (char {error.pos})"
    )


def check_keys(document: Any, body: bytes) -> None:
    """Raise MalformedJsonError if decoding dropped a duplicate key of a body."""
    colons, keys = count_colons(body), 0
    level = [document] if type(document) in CONTAINERS else []
    while level:  # depth by depth, until as many keys are found as there are colons
        keys += sum(len(each) for each in level if type(each) is dict)
        if keys == colons:
            return
        level = [
            value
            for each in level
            for value in (each.values() if type(each) is dict else each)
            if type(value) in CONTAINERS
        ]
    if not has_no_more_keys(body, keys):
        _refuse_duplicate_keys(body)


def has_no_more_keys(body: bytes, count: int) -> bool:
    """Return True if a body with at least `count` keys has no more of them.

    A colon follows each key, and strings may hold others.
    """
    if count_colons(body) == count:
        return True
    return bool(np.count_nonzero(_read_symbols(body) == COLON) == count)


def count_colons(body: bytes) -> int:
    """Count the colons of a body, in strings as well."""
    if len(body) < FEW_BYTES:
        return body.count(b":")
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == COLON))


def _refuse_duplicate_keys(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_refuse_duplicates)
    except RecursionError:
        raise MalformedJsonError("The body is nested too deeply.") from None


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise MalformedJsonError(f"The key {key[:64]!r} occurs twice in an object.")
        seen.add(key)


def holds_more_containers(body: bytes, most: int) -> bool:
    """Return True if a body has more objects and lists than `most`, without decoding.

    If it is not JSON, the answer may be wrong.
    """
    if len(body) <= 2 * most:  # each has two brackets
        return False
    symbols = np.frombuffer(body, np.uint8)
    if np.count_nonzero(symbols | BRACE_BIT == BRACE) <= most:
        return False
    return bool(np.count_nonzero(_read_symbols(body) | BRACE_BIT == BRACE) > most)


def _read_symbols(body: bytes) -> npt.NDArray[np.uint8]:
    """Return the bytes of a body without its strings; one quote of each is left."""
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    symbols = np.frombuffer(unescaped, np.uint8)
    is_text = np.logical_xor.accumulate(symbols == QUOTE)
    return symbols[~is_text]
