"""Values written as text, as CSV has them, read by the type of their feature.

A text that is no value of the type stays a text, which the contract then refuses at its
place: nothing is decided here, and nothing is coerced.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from service.model.contract.features import FeatureType

# The text of a value, None where there is none: a null.
Text = str | None

# What JSON allows around a number, and a field of CSV must not have.
SPACES = " \t\r\n"

NUMBERS = frozenset([int, float])

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
    numbers = _read_list(given) if len(given) > 1 else None
    if numbers is None:
        return [_read_number(text) for text in texts]
    if len(given) == len(texts):
        return numbers
    rest = iter(numbers)
    return [None if text is None else next(rest) for text in texts]


def _read_list(texts: Sequence[str]) -> list[Any] | None:
    """Return as many numbers, or None where a text is not just one."""
    joined = ",".join(texts)
    if any(space in joined for space in SPACES):
        return None
    try:
        found: list[Any] = orjson.loads(f"[{joined}]")
    except orjson.JSONDecodeError:
        return None
    # A text of several numbers, such as "1,2", makes the list longer.
    is_exact = len(found) == len(texts) and NUMBERS.issuperset(map(type, found))
    return found if is_exact else None


def _read_number(text: Text) -> Any:
    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return found if type(found) in NUMBERS and text.strip() == text else text


READERS: dict[FeatureType, Callable[[Sequence[Text]], list[Any]]] = {
    "number": _read_numbers,
    "integer": _read_numbers,
    "boolean": _read_booleans,
}
