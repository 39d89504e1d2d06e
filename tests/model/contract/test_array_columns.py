"""Arrays stand for the very values that they were made of."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.model.contract.array_columns import (
    FEW_ROWS,
    SORTED_NUMBERS,
    CodedColumn,
    NumberColumn,
    NumberTable,
)
from service.model.contract.array_makers import ArrayMaker, make_codes, make_numbers
from service.model.contract.features import Contract, Feature, Observed, Storage

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.lists(st.none() | FINITE | st.integers(-(2**64), 2**64), min_size=1)
KINDS = st.lists(st.none() | st.text(max_size=2), min_size=1)


def tell(values: Any) -> list[str]:
    """Return values so that 1, 1.0 and True, and 0.0 and -0.0, differ."""
    return [repr(value) for value in values]


@given(NUMBERS)
def test_numbers_are_the_same_values_and_doubles_of_these(values: list[Any]) -> None:
    column = make_numbers(values)
    assert isinstance(column, NumberColumn)
    expected = [math.nan if value is None else float(value) for value in values]
    assert column.doubles.tobytes() == np.array(expected).tobytes()
    assert tell(column) == tell(values)
    assert (None in column) == (None in values)
    assert column.count(None) == values.count(None)
    assert tell(column[1:]) == tell(values[1:])


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_integers_of_an_array_are_listed_exactly(values: list[Any]) -> None:
    integers = np.array([value or 0 for value in values], np.int64)
    doubles = integers.astype(np.float64)
    doubles[[value is None for value in values]] = math.nan
    column = NumberColumn(doubles, integers=integers)
    assert tell(column[index] for index in range(len(values))) == tell(values)
    assert tell(column) == tell(values)


@given(KINDS)
def test_codes_are_the_same_values(values: list[Any]) -> None:
    column = make_codes(values)
    assert tell(column) == tell(values) == tell(CodedColumn(column.codes, column.kinds))
    assert sorted(map(str, column.kinds)) == sorted(map(str, set(values)))
    for value in (*values, None, "other"):
        assert (value in column) == (value in values)
        assert column.count(value) == values.count(value)
    read = dict(zip(column.kinds, range(99), strict=False)).__getitem__
    assert column.read(read).tolist() == [float(read(value)) for value in values]


def test_an_integer_that_no_double_holds_stays_as_it_is() -> None:
    values = [10**400, 1]
    assert make_numbers(values) is values


@example([8e307, *7 * [0.0], -1.7e308, *7 * [0.0], 8e307, -9e307], [])  # infinity - it
@given(st.lists(FINITE, min_size=1), st.lists(FINITE, unique=True).map(sorted))
def test_numbers_are_distributed_as_by_counting(
    values: list[float], bounds: list[float]
) -> None:
    times = SORTED_NUMBERS // len(values) + 1
    for count in (1, times):  # few are sorted
        column = NumberColumn(np.array([*values, math.nan] * count))
        ends, _ = column.distribute(bounds)
        assert ends == [sum(v <= bound for v in values) * count for bound in bounds]
        below = column.count_below(bounds)
        assert below == [sum(v < bound for v in values) * count for bound in bounds]
        assert column.range == (min(values), max(values))


def test_of_nulls_alone_there_is_no_range() -> None:
    assert NumberColumn(np.array([math.nan])).range == (None, None)
    assert NumberColumn(np.array([])).range == (None, None)


@given(st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=1))
def test_a_table_has_the_rows_and_the_columns_of_its_array(rows: list[Any]) -> None:
    table = NumberTable(np.array(rows))
    assert tell(map(tuple, table)) == tell(rows)
    assert tell(map(tuple, table[1:])) == tell(rows[1:])
    assert tell(table.read_column(1)) == tell(row[1] for row in rows)
    assert [*table.read_extreme(1, 3)] == [max(row[1:]) for row in rows]
    least = table.read_extreme(0, 3, is_least=True)
    assert [*least] == [min(row) for row in rows]


def test_arrays_are_made_of_numbers_and_categories_of_many_rows() -> None:
    seen = Observed(categories=("a", "b"))
    features = (
        Feature(name="n", type="number", storage=Storage(dtype="float64")),
        Feature(name="c", type="string", storage=Storage(dtype="str"), observed=seen),
        Feature(name="t", type="string", storage=Storage(dtype="str")),
        Feature(name="b", type="boolean", storage=Storage(dtype="bool")),
    )
    maker = ArrayMaker(Contract(features=features))
    row: list[Any] = [1.5, "a", "some prose", True]
    many = [[value] * FEW_ROWS for value in row]
    made = maker.make(many)
    assert [type(column).__name__ for column in made] == [
        *("NumberColumn", "CodedColumn", "list", "CodedColumn")
    ]
    assert [tell(column) for column in made] == [tell(column) for column in many]
    assert all(
        again is column for again, column in zip(maker.make(made), made, strict=True)
    )
    few = [column[:-1] for column in many]
    assert maker.make(few) == tuple(few)


@pytest.mark.parametrize("table", ["mapping"])
def test_mappings_stay_as_they_are(table: Any) -> None:
    feature = Feature(name="x", type="object", storage=Storage(dtype="object"))
    columns = [[{"a": 1}] * FEW_ROWS]
    made = ArrayMaker(Contract(features=(feature,), table=table)).make(columns)
    assert made == tuple(columns)
