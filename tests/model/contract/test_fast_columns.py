"""The check by columns and marshmallow never disagree."""

import json
from typing import Any

import pytest
from contracts import FEATURES, NARROW, VALUES, make
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.model.contract.codec import Codec
from service.model.contract.fast_columns import FastColumns
from service.model.contract.features import Contract, Feature, Storage
from service.model.contract.schema import compile_schema

VALID: dict[str, st.SearchStrategy[Any]] = {
    "number": st.floats(-100, 1e6) | st.integers(-100, 2**60),
    "integer": st.integers(-100, 100) | st.integers(-100, 100).map(float),
    "string": st.sampled_from(["a", "b"]),
    "boolean": st.booleans(),
    "date-time": st.datetimes().map(lambda moment: moment.isoformat()),
}


def draw_valid(feature: Feature) -> st.SearchStrategy[Any]:
    if feature.categories is not None:
        most: Any = feature.maximum
        kept = [c for c in feature.categories if most is None or c <= most]
        values = st.sampled_from(kept)
    elif "UTC" in feature.storage.dtype:
        values = VALID["date-time"].map(lambda text: f"{text}Z")
    else:
        values = VALID[feature.type]
    return st.none() | values if feature.nullable else values


def read_both(feature: Feature, values: list[Any]) -> tuple[Any, Any]:
    """Return what each makes of a column: None where it is refused."""
    contract = Contract(features=(feature,))
    rows = [{feature.name: value} for value in values]
    try:
        loaded = compile_schema(contract, NARROW).load({"instances": rows})
        slow = [row["f0"] for row in loaded["instances"]]
    except ValidationError:
        slow = None
    reader = FastColumns(contract, NARROW.max_string_length)
    fast = reader.read(rows)
    good, count = reader.read_good(rows)
    assert (count == len(rows)) == (fast is not None)
    assert fast is None or good == list(fast)
    return None if fast is None else list(fast[0]), slow


@given(
    feature=st.sampled_from(FEATURES),
    values=st.lists(VALUES, min_size=1, max_size=4),
)
def test_what_columns_accept_marshmallow_accepts_as_the_same(
    feature: Feature, values: list[Any]
) -> None:
    fast, slow = read_both(feature, values)
    if fast is not None:
        assert fast == slow
        assert list(map(type, fast)) == list(map(type, slow))


@given(feature=st.sampled_from(FEATURES), data=st.data())
def test_what_keeps_the_contract_is_seen_by_columns(
    feature: Feature, data: st.DataObject
) -> None:
    values = data.draw(st.lists(draw_valid(feature), min_size=1, max_size=4))
    fast, slow = read_both(feature, values)
    assert slow is not None
    assert fast == slow


@given(feature=st.sampled_from(FEATURES), data=st.data())
def test_one_bad_value_among_good_ones_is_left_to_marshmallow(
    feature: Feature, data: st.DataObject
) -> None:
    values = data.draw(st.lists(draw_valid(feature), min_size=1, max_size=4))
    bad = data.draw(VALUES)
    values.insert(data.draw(st.integers(0, len(values))), bad)
    fast, slow = read_both(feature, values)
    if slow is None:
        assert fast is None


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [],
        [5],
        [{"f": 1}, None],
        [{}],
        [{"f": 1, "g": 2}],
        [{"g": 1}],
    ],
)
def test_what_are_no_rows_is_left_to_marshmallow(rows: Any) -> None:
    contract = Contract(features=(make("integer", "int64"),))
    assert FastColumns(contract, NARROW.max_string_length).read(rows) is None


def test_a_request_is_read_the_same_either_way() -> None:
    features = tuple(
        make(f.type, f.storage.dtype, nullable=f.nullable) for f in FEATURES
    )
    names = [f"f{i}" for i in range(len(features))]
    contract = Contract(
        features=tuple(
            Feature(name=n, type=f.type, storage=f.storage, nullable=True)
            for n, f in zip(names, features, strict=True)
        )
    )
    rows = [dict.fromkeys(names), dict.fromkeys(names)]
    loaded = Codec(contract, NARROW).load(json.dumps({"instances": rows}).encode())
    assert [list(column) for column in loaded.columns] == [[None, None]] * len(names)


def test_the_rows_before_the_first_bad_one_are_read() -> None:
    features = (
        Feature(name="a", type="integer", storage=Storage(dtype="int64")),
        Feature(name="b", type="string", storage=Storage(dtype="str")),
    )
    reader = FastColumns(Contract(features=features), NARROW.max_string_length)
    good: dict[str, Any] = {"a": 1, "b": "x"}
    bad: list[Any] = [{**good, "b": 5}, {**good, "a": "x"}, {**good, "c": 1}, None, {}]
    for rows in ([good, good, *bad], [good, good, *bad[::-1]], [good, good, bad[0]]):
        columns, count = reader.read_good(rows)
        assert [list(column) for column in columns] == [[1, 1], ["x", "x"]]
        assert count == 2
    assert reader.read_good([bad[0], good])[1] == 0
