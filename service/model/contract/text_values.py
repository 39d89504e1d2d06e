"""Values written as text, as CSV has them, read by the type of their feature.

A text that is no value of the type stays a text, which the contract then refuses at its
place: nothing is decided here, and nothing is coerced.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from service.model.contract.features import FeatureType

# The text of a value, None where there is none: a null.
Text = str | None

# The characters of a number of JSON. What orjson reads of these alone is a number.
NO_NUMBER = re.compile(r"[^-+.0-9eE]")

# As JSON writes them, and as pandas does.
BOOLEANS = {"true": True, "True": True, "false": False, "False": False, None: None}


def read_texts(type_: FeatureType, texts: Sequence[Text]) -> list[Any]:
    """Return the values of a column, as JSON would have them."""
    read = READERS.get(type_)
    return read(texts) if read else [*texts]


def _read_booleans(texts: Sequence[Text]) -> list[Any]:
    return [BOOLEANS.get(text, text) for text in texts]


def _read_numbers(texts: Sequence[Text]) -> list[Any]:
    """Return numbers as JSON reads them: a column at once, at a fifth of the time."""
    given = [text for text in texts if text is not None]
    if NO_NUMBER.search("".join(given)) or "" in given:
        return [_read_number(text) for text in texts]
    try:
        numbers = orjson.loads(f"[{','.join(given)}]")
    except orjson.JSONDecodeError:
        return [_read_number(text) for text in texts]
    if len(given) == len(texts):
        return list(numbers)
    rest = iter(numbers)
    return [None if text is None else next(rest) for text in texts]


def _read_number(text: Text) -> Any:
    if not text or NO_NUMBER.search(text):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


READERS: dict[FeatureType, Callable[[Sequence[Text]], list[Any]]] = {
    "number": _read_numbers,
    "integer": _read_numbers,
    "boolean": _read_booleans,
}
