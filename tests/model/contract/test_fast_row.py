"""A lone row is seen exactly as columns and watches see it."""

import json
from collections import Counter
from typing import Any

import pytest
from contracts import NARROW, VALUES, make
from hypothesis import given
from hypothesis import strategies as st

from service.model.contract.codec import Codec
from service.model.contract.fast_columns import FastColumns
from service.model.contract.fast_row import FastRow
from service.model.contract.features import Contract, Feature, Observed

NULLS = Observed(nulls=3)
OBSERVED = [
    make("number", "float64"),
    make("number", "float64", observed=Observed(minimum=-3, maximum=7.5)),
    make("number", "float64", nullable=True, observed=NULLS, minimum=-100),
    make(
        "number",
        "float64",
        minimum=2**53 + 1,
        observed=Observed(minimum=2.0**53, maximum=2**60),
    ),
    make(
        "number",
        "float64",
        categories=(1.0, 2.5, 7.0),
        observed=Observed(categories=(1, 2.5)),
    ),
    make(
        "number",
        "float64",
        categories=(1.0, 2.5, 7.0),
        observed=Observed(minimum=1, maximum=7),
    ),
    make("integer", "int8"),
    make("integer", "int64", observed=NULLS),
    make("integer", "int64", nullable=True, observed=Observed(minimum=1, maximum=9)),
    make("integer", "int8", observed=Observed(minimum=-500, maximum=9)),
    make(
        "integer",
        "Int64",
        nullable=True,
        maximum=50,
        observed=Observed(nulls=1, minimum=-100.5, maximum=100),
    ),
    make("boolean", "bool", observed=Observed(categories=(True,))),
    make("boolean", "bool", nullable=True, observed=NULLS),
    make("string", "str", observed=Observed(categories=("a", "b"))),
    make("string", "str", nullable=True, observed=Observed(nulls=1, categories=("a",))),
    make(
        "string",
        "str",
        nullable=True,
        categories=("a", ""),
        observed=Observed(nulls=1, categories=("a", "b")),
    ),
    make("string", "str", observed=Observed(categories=("abc", "long"))),
    make(
        "string",
        "str",
        categories=("abc", "long"),
        observed=Observed(categories=("abc", "long")),
    ),
    make("string", "object"),
    make("string", "U"),
]
EDGES = [
    *[None, True, False, 1, 1.0, 2, 2.5, 7, 7.5, 8, 9, 50, 51, 100, 101, 127, 128],
    *[-3, -100, -101, -128, -200, 2**53, 2**53 + 1, 2**60, 2**60 + 1],
    *["", "a", "b", "c", "a\0", "abc", "abcd", "long", "\0\0\0\0", [1], {}],
]


def read_by_columns(contract: Contract, rows: list[Any]) -> Any:
    """Return the columns where there is nothing to refuse or to warn of."""
    columns = FastColumns(contract, NARROW.max_string_length).read(rows)
    if columns is None or list(
        Codec(contract, NARROW)._iterate_warnings(rows, columns, Counter())
    ):
        return None
    return [list(column) for column in columns]


@given(feature=st.sampled_from(OBSERVED), value=VALUES)
def test_a_value_alone_is_seen_as_in_a_column(feature: Feature, value: Any) -> None:
    assert_seen_alike(feature, value)


@pytest.mark.parametrize("feature", OBSERVED)
def test_an_edge_alone_is_seen_as_in_a_column(feature: Feature) -> None:
    for value in EDGES:
        assert_seen_alike(feature, value)


def assert_seen_alike(feature: Feature, value: Any) -> None:
    contract = Contract(features=(feature,))
    rows = [{feature.name: value}]
    found = FastRow(contract, NARROW.max_string_length).read(rows)
    expected = read_by_columns(contract, rows)
    assert (found and list(found)) == expected
    if found is not None:
        assert type(found[0][0]) is type(expected[0][0])


@given(data=st.data())
def test_a_row_is_seen_as_its_columns_are(data: st.DataObject) -> None:
    features = tuple(
        Feature(
            name=f"f{index}",
            type=feature.type,
            storage=feature.storage,
            nullable=feature.nullable,
            observed=feature.observed,
        )
        for index, feature in enumerate(OBSERVED[4:8])
    )
    contract = Contract(features=features)
    names = data.draw(st.permutations([feature.name for feature in features]))
    values = st.sampled_from([1, 2.5, 2, None, 127, 128])
    rows = [{name: data.draw(values) for name in names}]
    found = FastRow(contract, NARROW.max_string_length).read(rows)
    assert (found and list(found)) == read_by_columns(contract, rows)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [],
        [5],
        [{}],
        [{"f": 1}, {"f": 1}],
        [{"f": 1, "g": 2}],
        [{"g": 1}],
    ],
)
def test_what_is_no_lone_whole_row_is_left_to_columns(rows: Any) -> None:
    contract = Contract(features=(make("integer", "int64"),))
    assert FastRow(contract, NARROW.max_string_length).read([{"f": 1}]) == ([1],)
    assert FastRow(contract, NARROW.max_string_length).read(rows) is None


def test_a_date_time_is_left_to_columns() -> None:
    contract = Contract(features=(make("date-time", "datetime64[us]"),))
    rows = [{"f": "2024-01-31T09:30:00"}]
    assert FastRow(contract, NARROW.max_string_length).read(rows) is None
    [[moment]] = (
        Codec(contract, NARROW).load(json.dumps({"instances": rows}).encode()).columns
    )
    assert moment.year == 2024
