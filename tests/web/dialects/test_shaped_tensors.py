"""The tensors of a request, for a model that takes tensors."""

from typing import Any

import numpy as np
import pytest
from werkzeug.exceptions import BadRequest

from service.model.contract.features import Feature, Storage
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import TooManyInstancesError
from service.web.dialects.shaped_tensors import ShapedTensors

FEATURES = [
    Feature(name="a", type="tensor", storage=Storage(dtype="float32"), shape=(None, 2)),
    Feature(name="b", type="tensor", storage=Storage(dtype="bool"), shape=()),
]
TENSORS = ShapedTensors(FEATURES, max_rows=3)

A: dict[str, Any] = {"name": "a", "datatype": "FP32", "shape": [2, 1, 2]}
B: dict[str, Any] = {
    "name": "b",
    "datatype": "BOOL",
    "shape": [2],
    "data": [True, False],
}
NESTED = [[[1, 2]], [[3, 4]]]
SIZE = {"parameters": {"binary_data_size": 16}}


@pytest.mark.parametrize("data", [NESTED, [1, 2, 3, 4]])
def test_data_are_nested_as_the_feature_is(data: list[Any]) -> None:
    found = TENSORS.read([{**A, "data": data}, B], memoryview(b""))
    assert found == {"a": NESTED, "b": [True, False]}


def test_bytes_become_arrays() -> None:
    array = np.array(NESTED, "<f4")
    parts = array.tobytes() + b"\1\0"
    size = {"parameters": {"binary_data_size": 2}}
    bits = {"name": "b", "datatype": "BOOL", "shape": [2], **size}
    found = TENSORS.read([{**A, **SIZE}, bits], memoryview(parts))
    for name, wanted in (("a", array), ("b", np.array([True, False]))):
        column = found[name]
        assert isinstance(column, TensorColumn)
        np.testing.assert_array_equal(column.array, wanted)
        assert column.array.flags.writeable


def test_a_tensor_of_no_feature_is_left_to_the_contract() -> None:
    other = {"name": "c", "datatype": "BYTES", "shape": [2], "data": ["x"]}
    assert TENSORS.read([other], memoryview(b"")) == {"c": []}


@pytest.mark.parametrize(
    ("tensor", "told"),
    [
        ({"shape": [2, 2], "data": NESTED}, "must have the shape [-1, -1, 2]"),
        ({"shape": [2, 1, 3], "data": NESTED}, "must have the shape [-1, -1, 2]"),
        ({"datatype": "FP64", "data": NESTED}, "must have the datatype FP32"),
        ({"shape": [2, 2, 2], "data": NESTED}, "not as many data as its shape says"),
        ({"shape": [1, 1, 2], "data": NESTED}, "not as many data as its shape says"),
        ({"data": [1, 2, 3]}, "not as many data as its shape says"),
        ({"data": {"b64": ""}}, "must have a list of data"),
        ({}, "must have a list of data"),
        ({"shape": [2, 2, 2], **SIZE}, "not as many bytes as its shape says"),
        ({"parameters": {"binary_data_size": 17}}, "fewer bytes than it says"),
        ({"data": NESTED, **SIZE}, "must have data or a size in bytes"),
        ({"shape": 10 * [1], "data": NESTED}, "must have a shape, a list of sizes"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(
    tensor: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        TENSORS.read([{**A, **tensor}], memoryview(bytes(16)))
    assert told in str(caught.value.description)


def test_instances_are_counted_before_they_are_read() -> None:
    with pytest.raises(TooManyInstancesError):
        TENSORS.read([{**A, "shape": [4, 1, 2], "data": []}], memoryview(b""))
