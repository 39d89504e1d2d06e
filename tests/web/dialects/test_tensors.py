"""Tensors as bytes: many rows become arrays of the very values that few rows are."""

import struct
from typing import Any

import pytest
from werkzeug.exceptions import BadRequest

from service.model.contract.array_columns import FEW_ROWS, ArrayColumn
from service.web.dialects.tensor_values import FORMATS, Head, read_values, write_bytes
from service.web.dialects.tensors import Tensors

NAN, INFINITY = float("nan"), float("inf")
HELD: dict[str, list[Any]] = {
    "FP64": [0.5, -0.0, NAN, 1e300],
    "FP32": [0.1, -0.0, NAN, 3e38],
    "FP16": [0.1, -0.0, NAN, 6e4],
    "INT64": [2**53 + 1, -(2**63), 0],
    "UINT64": [2**64 - 1, 2**53 + 1, 0],
    "INT8": [-128, 127],
    "BOOL": [True, False],
    "BYTES": ["a", "", "é", "a longer text"],
}


def pack(datatype: str, values: list[Any]) -> bytes:
    if datatype != "BYTES":
        return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)
    encoded = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(each)) + each for each in encoded)


def read(datatype: str, data: bytes, rows: int) -> Any:
    head = Head("x", (rows, 1), datatype, len(data))
    return read_values(head, None, memoryview(data))


@pytest.mark.parametrize("datatype", HELD)
def test_many_values_are_the_same_as_few(datatype: str) -> None:
    few = HELD[datatype]
    many = few * FEW_ROWS
    column = read(datatype, pack(datatype, many), len(many))
    assert isinstance(column, ArrayColumn)
    alone = read(datatype, pack(datatype, few), len(few))
    assert not isinstance(alone, ArrayColumn)
    assert [*map(repr, column)] == [*map(repr, alone)] * FEW_ROWS


@pytest.mark.parametrize("rows", [2, 2 * FEW_ROWS])
@pytest.mark.parametrize(
    ("datatype", "data", "fault"),
    [
        ("FP64", struct.pack("<2d", 0.5, -INFINITY), "infinity"),
        ("FP64", bytes(15), "as many bytes"),
        ("BYTES", struct.pack("<I", 1) + b"\xff" + bytes(4), "no UTF-8"),
        ("BYTES", struct.pack("<I", 2**31) + b"aaaa", "cut short"),
        ("BYTES", struct.pack("<I", 1) + b"aaa", "cut short"),
    ],
)
def test_bytes_that_are_no_values_are_refused(
    datatype: str, data: bytes, fault: str, rows: int
) -> None:
    with pytest.raises(BadRequest, match=fault):
        read(datatype, data * (rows // 2), rows)


@pytest.mark.parametrize("rows", [2, FEW_ROWS])
@pytest.mark.parametrize(("datatype", "value"), [("FP64", 0.5), ("INT64", 1)])
def test_a_tensor_of_all_features_is_a_column_for_each(
    rows: int, datatype: str, value: Any
) -> None:
    values = [value, 2 * value, 3 * value] * rows
    data = pack(datatype, values)
    parameters = {"binary_data_size": len(data)}
    tensor = {"name": "x", "datatype": datatype, "parameters": parameters}
    columns = Tensors("abc", rows).read(
        [{**tensor, "shape": [rows, 3]}], memoryview(data)
    )
    assert {name: [*column] for name, column in columns.items()} == {
        name: [times * value] * rows for times, name in enumerate("abc", 1)
    }


@pytest.mark.parametrize("datatype", ["FP64", "INT64", "BOOL", "BYTES"])
def test_what_is_written_is_read_back(datatype: str) -> None:
    values = [value for value in HELD[datatype] if value == value]  # noqa: PLR0124
    written = write_bytes(datatype, values)
    assert written == pack(datatype, values)
