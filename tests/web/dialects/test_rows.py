"""Rows of models that have no columns, or a single one."""

from dataclasses import replace

import pytest
from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature, FeatureType, Storage
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.errors import ContractViolationError
from service.web.dialects.rows import RowsReader, write_rows


def build_codec(
    type_: FeatureType, table: str, limits: RequestLimits = UNBOUNDED
) -> Codec:
    storage = Storage(dtype="object")
    feature = Feature(name="text", type=type_, storage=storage)
    contract = Contract(features=(feature,), table=table)  # type: ignore[arg-type]
    return Codec(contract, limits)


@pytest.mark.parametrize(
    "rows", [["a", "b"], [["a"], ["b"]], [{"text": "a"}, {"text": "b"}]]
)
def test_of_a_single_feature_a_row_may_be_its_value(rows: list[object]) -> None:
    codec = build_codec("string", "text")
    reading = RowsReader(codec).read(rows, "inputs", write_rows)
    assert [*map(list, codec.validate(reading.document).columns)] == [["a", "b"]]


def test_rows_are_all_of_one_kind() -> None:
    reader = RowsReader(build_codec("string", "text"))
    for rows in ([{"text": "a"}, "b"], [["a", "b"]]):
        with pytest.raises(BadRequest, match="must"):
            reader.read(rows, "inputs", write_rows)


def test_of_many_unknown_fields_no_more_are_read_than_are_told_of() -> None:
    """Each would take a list, and a row may have 700,000 of them."""
    codec = build_codec("string", "text", replace(UNBOUNDED, max_errors=9))
    row = {**{f"u{index}": 1 for index in range(500)}, "text": "a"}
    reading = RowsReader(codec).read([row], "inputs", write_rows)
    assert len(reading.document.content["columns"]) == 1 + 9 + 1
    with pytest.raises(ContractViolationError) as refusal:
        codec.validate(reading.document)
    *told, last = refusal.value.remarks
    assert [each.path for each in told] == [f"inputs[*].u{n}" for n in range(9)]
    assert last.message == "and more"


def test_instances_of_any_fields_stay_rows() -> None:
    codec = build_codec("object", "mapping")
    rows = [{"a": 1}, {"b": "x", "c": True}]
    reading = RowsReader(codec).read(rows, "inputs", write_rows)
    assert reading.body == b'{"instances":[{"a":1},{"b":"x","c":true}]}'
    assert [*codec.validate(reading.document).columns[0]] == rows
    with pytest.raises(ContractViolationError):
        codec.validate(RowsReader(codec).read([{"a": None}], "x", write_rows).document)
