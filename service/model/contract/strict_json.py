"""JSON as RFC 8259 means it, with nothing guessed.

orjson refuses NaN, Infinity, 1e400, byte order marks, other encodings, lone
surrogates and more than 1,024 nested brackets, and says where. It lets a duplicate
key pass and keeps the last value, so those are looked for here.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from service.model.errors import MalformedJsonError

# In ASCII the opening brace is the opening bracket with this bit.
BRACE, BRACE_BIT = ord("{"), ord("{") ^ ord("[")
QUOTE, COLON = ord('"'), ord(":")


def decode(body: bytes) -> Any:
    """Decode one JSON document, of whose duplicate keys the last is kept.

    Raises MalformedJsonError, naming line and column.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJsonError(f"The body is not JSON: {error}.") from None


def check_keys(document: Any, body: bytes) -> None:
    """Refuse a body of which decoding dropped a key. Raises MalformedJsonError."""
    # Each key has one colon behind it, so no more colons than keys means no key was
    # dropped. More of them may stand in strings. Else it is a duplicate, or a key that
    # lies deeper: look closely.
    keys = _count_keys(document)
    if body.count(b":") != keys:
        symbols = _read_symbols(body)
        if np.count_nonzero(symbols == COLON) != keys:
            _refuse_duplicate_keys(body)


def _count_keys(document: Any) -> int:
    """Count the keys down to the fields of an instance: deeper ones are looked for."""
    if not isinstance(document, dict):
        return 0
    keys = len(document)
    for value in document.values():
        if type(value) is list:
            if set(map(type, value)) == {dict}:  # a pass of C, as is the next
                keys += sum(map(len, value))
            else:
                keys += sum(len(row) for row in value if type(row) is dict)
    return keys


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
    """Say whether a body has more objects and lists than that, before it is decoded.

    Where it is not JSON, the answer may be either.
    """
    if len(body) <= 2 * most:  # each has two brackets
        return False
    symbols = np.frombuffer(body, np.uint8)
    if np.count_nonzero(symbols | BRACE_BIT == BRACE) <= most:
        return False
    return bool(np.count_nonzero(_read_symbols(body) | BRACE_BIT == BRACE) > most)


def _read_symbols(body: bytes) -> npt.NDArray[np.uint8]:
    """Return the bytes of a body without its strings; of each a quote is left."""
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    symbols = np.frombuffer(unescaped, np.uint8)
    is_text = np.logical_xor.accumulate(symbols == QUOTE)
    return symbols[~is_text]
