"""The values of odd Arrow types are the same in plain ones."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import compute

from service.batch.plain_types import plain_schema, read_decimals, read_plainly

TEXTS = ["a", None, "b", "b"]
DAY = 86_400_000
AS_PLAIN: dict[str, tuple[Any, Any]] = {
    "string_view": (pa.array(TEXTS, pa.string_view()), pa.array(TEXTS)),
    "binary_view": (
        pa.array([b"\xff", None], pa.binary_view()),
        pa.array([b"\xff", None]),
    ),
    "runs": (compute.run_end_encode(pa.array(TEXTS)), pa.array(TEXTS)),
    "date64": (pa.array([3 * DAY, None], pa.date64()), pa.array([3, None]).cast("i4")),
    "coded view": (
        pa.DictionaryArray.from_arrays([0, 0], pa.array(["a"], pa.string_view())),
        pa.array(["a", "a"]).dictionary_encode().cast(pa.dictionary("i8", pa.string())),
    ),
    "coded decimals": (
        pa.array([Decimal("1.5")] * 2).dictionary_encode(),
        pa.array([Decimal("1.5")] * 2),
    ),
}


@pytest.mark.parametrize("name", AS_PLAIN)
def test_odd_types_are_read_as_plain_ones(name: str) -> None:
    odd, plain = AS_PLAIN[name]
    table = pa.table({"x": odd, "y": range(len(odd))})
    if name == "date64":
        plain = plain.cast(pa.date32())
    found = read_plainly(table)
    assert found.equals(pa.table({"x": plain, "y": range(len(odd))}))
    assert found.schema == plain_schema(table.schema)


def test_decimals_become_the_nearest_doubles() -> None:
    """The cast of pyarrow gives its neighbour to one of a hundred."""
    random = np.random.default_rng(0)
    digits = random.integers(-(10**17), 10**17, 5000).tolist()
    values = [Decimal(each).scaleb(-3) for each in digits]
    column = pa.chunked_array([pa.array([*values, None])])
    assert read_decimals(column).to_pylist() == [*map(float, values), None]


def test_decimals_without_a_fraction_stay_integers() -> None:
    exact = [2**53 + 1, -1]
    column = pa.chunked_array([pa.array(map(Decimal, exact), pa.decimal128(38, 0))])
    assert read_decimals(column).to_pylist() == exact
    large = pa.chunked_array([pa.array([Decimal(10**30)], pa.decimal128(38, 0))])
    assert read_decimals(large).to_pylist() == [1e30]
