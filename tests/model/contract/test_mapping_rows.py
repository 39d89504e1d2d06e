"""Instances of any fields: what keeps their contract, and what is said otherwise."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from service.model.contract.codec import Codec
from service.model.contract.column_form import place_in_column
from service.model.contract.mapping_rows import (
    MappingColumns,
    MappingInstance,
    compose_row,
)
from service.model.contract.observation import observe_table
from service.model.contract.request_limits import RequestLimits
from service.model.errors import ContractError, ContractViolationError

BOUNDS = RequestLimits(max_instances=10, max_string_length=5, max_fields=3)
CONTRACT = observe_table([{"a": 1}, {"b": "x"}])
CODEC = Codec(CONTRACT, BOUNDS)

VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-1e9, 1e9)
    | st.text(max_size=7)
    | st.lists(st.integers(), max_size=1)
)
ROWS = st.dictionaries(st.text(max_size=6), VALUES, max_size=4) | VALUES


def load(*rows: Any) -> Any:
    return CODEC.load(orjson.dumps({"instances": rows}))


def find_faults(*rows: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractViolationError) as caught:
        load(*rows)
    return [(remark.path, remark.message) for remark in caught.value.remarks]


def test_rows_of_any_fields_are_read() -> None:
    rows: Any = ({"a": 1, "new": "text"}, {}, {"b": True, "c": 2.5})
    instances = load(*rows)
    assert instances.columns == (list(rows),)
    assert (instances.count, instances.warnings) == (3, ())


def test_each_fault_is_named_by_its_place() -> None:
    assert find_faults({"a": 1}, {"a": None, "b": [1]}, 3, None) == [
        ("instances[1].a", "must not be null"),
        ("instances[1].b", "must be a string, a number or a boolean"),
        ("instances[2]", "must be an object"),
        ("instances[3]", "must be an object"),
    ]


def test_fields_are_bounded() -> None:
    many = {str(index): 1 for index in range(4)}
    assert find_faults(many) == [("instances[0]", "must have at most 3 fields")]
    long = "must have at most 5 characters, and so must its name"
    assert find_faults({"a": "123456"}, {"123456": 1}) == [
        ("instances[0].a", long),
        ("instances[1].123456", long),
    ]


@given(st.lists(ROWS, max_size=3))
def test_the_fast_path_takes_what_the_field_takes(rows: list[Any]) -> None:
    field = MappingInstance(BOUNDS)

    def is_taken(row: Any) -> bool:
        try:
            return bool(field.deserialize(row) == {"f0": row})
        except ValidationError:
            return False

    assert (MappingColumns(BOUNDS).read(rows) is not None) == all(map(is_taken, rows))


def test_a_row_is_composed_of_what_is_frequent() -> None:
    rows: Any = [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}, {"a": 2}, {"c": 1}]
    assert compose_row(rows) == {"a": 2}


def test_instances_of_any_fields_have_no_columns() -> None:
    with pytest.raises(ContractViolationError) as refused:
        CODEC.read_columns({"a": [1]}, place_in_column, "inputs")
    [remark] = refused.value.remarks
    assert (remark.path, "by row" in remark.message) == ("inputs", True)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"a": 1}, "text"], "holds mixed values"),
        ([{"a": 1}, 3], "holds int, too"),
        ([{"a": None}], "'a' of a dict"),
        ([{"a": ["x"]}], "'a' of a dict"),
        ([{3: 1.0}], "3 of a dict"),
    ],
)
def test_mappings_that_cannot_be_served_are_refused(rows: Any, reason: str) -> None:
    with pytest.raises(ContractError, match=reason):
        observe_table(rows)
