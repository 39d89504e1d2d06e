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
    try:
        numbers = _read_list(given)
    except ValueError:
        return [_read_number(text) for text in texts]
    if len(given) == len(texts):
        return numbers
    rest = iter(numbers)
    return [None if text is None else next(rest) for text in texts]


def _read_number(text: Text) -> Any:
    try:
        return text if text is None else _read_list([text])[0]
    except ValueError:
        return text


def _read_list(texts: Sequence[str]) -> list[Any]:
    """Return as many numbers. Raises ValueError where a text is not just one."""
    joined = ",".join(texts)
    found = orjson.loads(f"[{joined}]")
    # A text of several numbers, such as "1,2", makes the list longer.
    is_exact = len(found) == len(texts) and NUMBERS.issuperset(map(type, found))
    if not is_exact or any(space in joined for space in SPACES):
        raise ValueError("a text is no number")
    return list(found)


READERS: dict[FeatureType, Callable[[Sequence[Text]], list[Any]]] = {
    "number": _read_numbers,
    "integer": _read_numbers,
    "boolean": _read_booleans,
}
