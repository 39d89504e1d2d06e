"""Lists are read at once where all are alike, to the same bits, and else not at all."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from service.model.contract.features import ELEMENT_TYPES
from service.model.contract.nested_lists import nest
from service.model.contract.regular_lists import FEW_ELEMENTS, read_regular

SHAPES = [(), (700,), (40, 30), (10, 8, 9), (3, 4, 5, 6), (250, 1, 1, 3)]
TYPES = [each for each in ELEMENT_TYPES if each != "bool"]
COUNT = 800


def read(values: Any, shape: Any, dtype: str) -> np.ndarray | None:
    """Read what JSON makes of values, in which no two numbers are one object."""
    return read_regular(json.loads(json.dumps(values)), shape, np.dtype(dtype))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numbers_are_read_to_the_bit(shape: tuple[int, ...], dtype: str) -> None:
    count = math.ceil(COUNT / math.prod(shape))
    random = np.random.default_rng(0)
    size = (count, *shape)
    numbers = random.integers(0, 128, size)
    given = [numbers.tolist()]
    if dtype.startswith("float"):
        tiny = random.choice([5e-324, -0.0, 1e-40, 0.1, 3.4e38], size)
        given += [tiny.tolist(), random.normal(0, 1e3, size).tolist()]
    for values in given:
        free = [None if index % 2 else size for index, size in enumerate(shape)]
        for wanted in (shape, free):
            found = read(values, wanted, dtype)
            assert found is not None
            assert found.dtype == dtype
            assert found.flags.c_contiguous
            assert found.flags.writeable
            assert found.tobytes() == np.array(values, dtype).tobytes()


SIZES = (3, 14, 13)


def change_each(make: Callable[[Any], Any], whole: Any) -> Iterator[Any]:
    """Yield values with another one in each place."""
    flat = [whole(each) for each in range(math.prod(SIZES))]
    for index in range(len(flat)):
        changed = [*flat]
        changed[index] = make(changed[index])
        yield nest(changed, SIZES)


@pytest.mark.parametrize(
    ("dtype", "whole", "other"),
    [
        ("float32", float, int),
        ("float32", float, lambda _: True),
        ("float32", float, lambda _: None),
        ("float64", float, str),
        ("float64", float, lambda each: [each]),
        ("float64", float, lambda _: []),
        ("float64", float, lambda each: {"b64": each}),
        ("float32", int, float),
        ("float32", int, lambda _: 2**24 + 1),
        ("float64", int, lambda _: 2**53 + 1),
        ("int16", int, float),
        ("int16", int, lambda _: 2**15),
        ("uint16", int, lambda _: -1),
        ("uint64", int, lambda _: -1),
        ("int16", int, lambda _: False),
        ("int64", int, lambda _: 2**31),
    ],
)
def test_one_other_element_is_never_taken(dtype: str, whole: Any, other: Any) -> None:
    assert math.prod(SIZES) > FEW_ELEMENTS
    for values in change_each(other, whole):
        assert read_regular(values, SIZES[1:], np.dtype(dtype)) is None


def test_lists_of_another_length_are_never_taken() -> None:
    good = nest([float(each) for each in range(math.prod(SIZES))], SIZES)
    assert read(good, SIZES[1:], "float32") is not None
    for shape in ((14,), (14, 13, 1), (14, 12), (None, 12), (13, 14), (182,)):
        assert read(good, shape, "float32") is None
    for outer in range(SIZES[0]):
        for inner in range(SIZES[1]):
            for change in (
                lambda row: row[1:],
                lambda row: [*row, 1.0],
                lambda row: [],
                lambda row: 1.0,
            ):
                bad = json.loads(json.dumps(good))
                bad[outer][inner] = change(bad[outer][inner])
                assert read_regular(bad, (None, None), np.dtype("float32")) is None
        # As many elements in all, and one list that has what another lacks.
        bad = json.loads(json.dumps(good))
        bad[outer][0].append(bad[outer][1].pop())
        assert read_regular(bad, (None, None), np.dtype("float32")) is None


def test_a_long_first_list_is_no_sign_of_as_many() -> None:
    """Numpy has no form of as many bytes."""
    values = [[[1.0] * 70_000, *([[]] * 70_000)]]
    assert read_regular(values, (None, None), np.dtype("float32")) is None


def test_few_elements_and_deep_lists_are_left_to_others() -> None:
    assert read([[1.0] * (FEW_ELEMENTS - 1)], (None,), "float32") is None
    deep: Any = 1.0
    for _ in range(5000):
        deep = [deep]
    values = [[1.0] * FEW_ELEMENTS, [deep] * FEW_ELEMENTS]
    assert read_regular(values, (None,), np.dtype("float32")) is None
