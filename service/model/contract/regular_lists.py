"""Nested lists of one shape and one type of elements, as an array: in C throughout.

`marshal` writes lists, numbers and their types one behind the other. Of lists of one
shape the places of all are known, so that numpy can look at each without a list of
them. It takes between a half and a fifth of the time of joining the lists.
"""

import marshal
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

# The sizes of the dimensions of a tensor, None of a free one.
Shape = Sequence[int | None]

# The last version of the format in which an object that occurs twice is written twice.
VERSION = 2

# A list is a letter, its length, and what it holds; a number a letter and its value.
# A larger integer, and any other type, is written otherwise.
LIST = ord("[")
NUMBERS: dict[type, tuple[int, str]] = {
    float: (ord("g"), "<f8"),
    int: (ord("i"), "<i4"),
}
HEAD = np.dtype([("letter", "u1"), ("length", "<i4")])

# The most that numpy describes as one.
MAX_BYTES = 2**31 - 1

# Below, what numpy takes for each dimension is more than the elements do.
FEW_ELEMENTS = 500


def read_regular(
    values: Sequence[Any], shape: Shape, dtype: np.dtype
) -> np.ndarray | None:
    """Return the array (n, *shape) of n instances, or None where it is not sure."""
    sizes, element = _follow_first(values, len(shape))
    if math.prod(sizes) < FEW_ELEMENTS or type(element) not in NUMBERS:
        return None
    if type(element) is int and not -(2**31) <= element < 2**31:
        return None
    inner = zip(sizes[1:], shape, strict=True)
    if any(size != (wanted or size) for size, wanted in inner):
        return None
    numbers = _read_numbers(values, sizes, type(element))
    if numbers is None or (numbers.dtype.kind == "f" and dtype.kind != "f"):
        return None
    with np.errstate(over="ignore"):  # an infinity is refused by its range
        found = numbers.astype(dtype, order="C")
    is_exact = numbers.dtype.kind == "f" or (found == numbers).all()
    return found if is_exact else None


def _follow_first(values: Sequence[Any], depth: int) -> tuple[list[int], Any]:
    """Return the lengths of the first lists within each other, and the first element.

    There are as many lengths as instances and dimensions, or a 0.
    """
    sizes, level = [len(values)], values[0]
    for _ in range(depth):
        if type(level) is not list or not level:
            return [0], None
        sizes.append(len(level))
        level = level[0]
    return sizes, level


def _read_numbers(
    values: Sequence[Any], sizes: Sequence[int], type_: type
) -> np.ndarray | None:
    """Return all numbers, if there are so many, each of the type."""
    try:
        written = marshal.dumps([*values], VERSION)
    except ValueError:  # nested far too deeply
        return None
    if len(written) != _measure_lists(sizes, type_) or len(written) > MAX_BYTES:
        return None
    level: Any = np.frombuffer(written, _describe_lists(tuple(sizes), type_))
    for size in sizes:
        if (level["letter"] != LIST).any() or (level["length"] != size).any():
            return None
        level = level["items"]
    letter, _ = NUMBERS[type_]
    if (level["letter"] != letter).any():
        return None
    numbers: np.ndarray = level["value"][0]
    return numbers


def _measure_lists(sizes: Sequence[int], type_: type) -> int:
    """Return the bytes of lists of such sizes, which may be more than there are."""
    length = 1 + np.dtype(NUMBERS[type_][1]).itemsize
    for size in reversed(sizes):
        length = HEAD.itemsize + size * length
    return length


@lru_cache(maxsize=64)  # of the shapes of a few models, and of free dimensions
def _describe_lists(sizes: tuple[int, ...], type_: type) -> np.dtype:
    """Return the form in which marshal writes lists of such sizes."""
    _, value = NUMBERS[type_]
    form = np.dtype([("letter", "u1"), ("value", value)])
    for size in reversed(sizes):
        form = np.dtype([*HEAD.descr, ("items", form, (size,))])
    return form
