"""Nested lists of JSON to an array, as strictly as any other value is read.

Nothing is done element by element in Python where all is valid: lists are joined, and
the types of their elements collected, in C. What is wrong is looked for afterwards.
"""

import operator
from collections.abc import Callable, Sequence
from itertools import chain, compress, repeat
from typing import Any

import numpy as np
from marshmallow import ValidationError

from service.model.contract.regular_lists import Shape, read_regular
from service.model.contract.violations import Kind, Violation

# The types of JSON that an element may have, and what is said of another, by numpy's
# kind of the element type. JSON has one type of number: where integers are wanted, a
# point or an exponent is as wrong as text is.
ELEMENTS: dict[str, tuple[frozenset[type], str]] = {
    "f": (frozenset([int, float]), "must be a number"),
    "i": (frozenset([int]), "must be an integer of {}, written without a point"),
    "u": (frozenset([int]), "must be an integer of {}, written without a point"),
    "b": (frozenset([bool]), "must be true or false"),
}


def read_lists(values: Sequence[Any], shape: Shape, dtype: np.dtype) -> np.ndarray:
    """Return the array (n, *shape) of n instances, each of lists nested in lists.

    A float is rounded to the element type, and an integer must be exact in it. Raises
    ValidationError, whose violation has the place behind that of its instance.
    """
    if (regular := read_regular(values, shape, dtype)) is not None:
        return regular
    level, sizes = values, [len(values)]
    for depth, wanted in enumerate(shape):
        _check_lists(level, sizes, shape[depth:])
        size = len(level[0]) if wanted is None else wanted
        if {*map(len, level)} != {size} or not size:
            _refuse_lengths([*map(len, level)], sizes, size)
        level = [*chain.from_iterable(level)]
        sizes.append(size)
    kinds, sentence = ELEMENTS[dtype.kind]
    found = {*map(type, level)}
    if not found <= kinds:
        index = find_first(level, lambda each: type(each) not in kinds)
        if level[index] is None:
            raise refuse("null", "must not be null", sizes, index)
        raise refuse("type", sentence.format(dtype), sizes, index)
    elements = _convert(level, sizes, dtype)
    if dtype.kind == "f" and int in found:
        _check_integers(level, elements, sizes)
    return elements.reshape(sizes)


def nest(flat: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
    """Return values, as many as the product of some sizes, as lists nested to these."""
    level = [*flat]
    for size in reversed(sizes[1:]):
        level = [level[at : at + size] for at in range(0, len(level), size)]
    return level


def find_first(values: Sequence[Any], is_wrong: Callable[[Any], bool]) -> int:
    """Return the index of the first wrong value, of which there is one."""
    return next(index for index, each in enumerate(values) if is_wrong(each))


def refuse(
    kind: Kind, sentence: str, sizes: Sequence[int], index: int
) -> ValidationError:
    """Return the error about an element, or a list, by its index among all."""
    _, *inner = np.unravel_index(index, sizes)
    place = "".join(f"[{each}]" for each in inner)
    return ValidationError([Violation(kind, sentence, place)])


def write_shape(shape: Shape, names: Sequence[str | None] = ()) -> str:
    """Return a shape in words, a free dimension by its name, or as n."""
    pairs = zip(shape, names or (None,) * len(shape), strict=True)
    return " x ".join(str(size or name or "n") for size, name in pairs)


def _check_lists(level: Sequence[Any], sizes: Sequence[int], shape: Shape) -> None:
    if {*map(type, level)} == {list}:
        return
    index = find_first(level, lambda each: type(each) is not list)
    told = ", or an object with its bytes as b64" if len(sizes) == 1 else ""
    sentence = f"must be a list, of the shape {write_shape(shape)}{told}"
    raise refuse("type", sentence, sizes, index)


def _refuse_lengths(lengths: Sequence[int], sizes: Sequence[int], size: int) -> None:
    told = f"must have {size} elements" if size else "must not be empty"
    index = find_first(lengths, lambda each: each != size or not size)
    raise refuse("length", told, sizes, index)


def _convert(level: Sequence[Any], sizes: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """Return elements of the right types as an array of one dimension."""
    held = np.dtype(np.float64) if dtype.kind == "f" else dtype
    try:
        found = np.fromiter(level, held, len(level))
    except OverflowError:
        index = find_first(level, lambda each: _overflows(each, held))
        raise refuse("range", f"must be a value of {dtype}", sizes, index) from None
    with np.errstate(over="ignore"):  # an infinity is refused by its range
        return found.astype(dtype, copy=False)


def _overflows(value: Any, dtype: np.dtype) -> bool:
    try:
        np.fromiter([value], dtype, 1)
    except OverflowError:
        return True
    return False


def _check_integers(
    level: Sequence[Any], elements: np.ndarray, sizes: Sequence[int]
) -> None:
    """Refuse an integer that a float does not hold: those beyond its digits."""
    is_large = np.abs(elements) >= 2 ** (np.finfo(elements.dtype).nmant + 1)
    if not is_large.any():
        return
    are_integers = map(operator.is_, map(type, level), repeat(int))
    is_large &= np.fromiter(are_integers, bool, len(level))
    pairs = compress(level, is_large.tolist()), elements[is_large].tolist()
    is_exact = np.fromiter(map(operator.eq, *pairs), bool)  # as Python compares them
    if not is_exact.all():
        index = int(np.flatnonzero(is_large)[np.argmin(is_exact)])
        told = f"must be an integer that {elements.dtype} holds exactly"
        raise refuse("range", f"{told}, or have a point", sizes, index)
