"""A tensor is read exactly, or refused at the very element that is wrong."""

import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.model.contract.codec import Codec
from service.model.contract.document import Document
from service.model.contract.features import (
    ELEMENT_TYPES,
    Contract,
    Feature,
    Observed,
    Storage,
)
from service.model.contract.request_limits import RequestLimits
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import ContractViolationError, TooManyInstancesError

LIMITS = RequestLimits(max_instances=20, max_string_length=10, max_elements=1000)


def describe(dtype: str, shape: Sequence[int | None] = (2, 3), **rules: Any) -> Feature:
    storage = Storage(dtype=dtype)
    return Feature(name="t", type="tensor", storage=storage, shape=(*shape,), **rules)


def build_codec(feature: Feature, **rules: Any) -> Codec:
    return Codec(Contract(features=(feature,), table="tensors", **rules), LIMITS)


def read(feature: Feature, *values: Any) -> np.ndarray:
    body = json.dumps({"instances": [{"t": value} for value in values]}).encode()
    [column] = build_codec(feature).load(body).columns
    assert isinstance(column, TensorColumn)
    return column.array


def find_fault(feature: Feature, *values: Any) -> tuple[str, str]:
    """Return the place and the sentence of the one fault."""
    with pytest.raises(ContractViolationError) as caught:
        read(feature, *values)
    [remark] = caught.value.remarks
    return remark.path, remark.message


def encode(array: np.ndarray) -> str:
    little = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode()


def make_floats(values: Any) -> np.ndarray:
    return np.array(values, np.float32)


def make_bytes(values: Any) -> np.ndarray:
    return np.array(values, np.int8)


def make_extremes(dtype: str) -> np.ndarray:
    """Return a tensor with the least and the greatest element of a type."""
    if dtype == "bool":
        return np.array([[True, False, True], [False, True, False]])
    info: Any = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return np.array([[info.min, 0, 1], [2, 3, info.max]], dtype)


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_each_type_of_elements_is_read_exactly(dtype: str) -> None:
    array = make_extremes(dtype)
    coded = {"b64": encode(array)}
    found = read(describe(dtype), array.tolist(), coded, {**coded, "shape": [2, 3]})
    assert found.dtype == dtype
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert found.tolist() == 3 * [array.tolist()]


def test_a_scalar_is_a_tensor_without_a_dimension() -> None:
    coded = {"b64": encode(make_floats([0.25])), "shape": []}
    assert read(describe("float32", []), 1.5, 2, coded).tolist() == [1.5, 2.0, 0.25]
    path, _ = find_fault(describe("float32", []), 1.5, [2.0])
    assert path == "instances[1].t"


def test_a_float_is_rounded_and_keeps_its_sign() -> None:
    found = read(describe("float32", [4]), [0.1, -0.0, 5e-324, 16777217.0])
    assert found.tolist() == [[float(np.float32(0.1)), 0.0, 0.0, 16777216.0]]
    assert np.signbit(found).tolist() == [[False, True, False, False]]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("float32", 2**24 + 1), ("float64", 2**53 + 1), ("float64", 2**63 + 1)],
)
def test_an_integer_must_be_exact_in_a_float(dtype: str, value: int) -> None:
    exact = [1e30, 2**24, 2**62, 7]
    assert read(describe(dtype, [4]), exact)[0].tolist() == [
        *map(float, np.array(exact, dtype))
    ]
    path, told = find_fault(describe(dtype, [4]), [1e30, 2**24, value, 7])
    assert path == "instances[0].t[2]"
    assert told.startswith(f"must be an integer that {dtype} holds exactly")


NULL, LISTS = "must not be null", "must be a list, of the shape"
BASE64, SHAPE = (
    "must be base64 of RFC 4648, with its padding",
    "must have the shape 2 x 3",
)
NO_MORE = "must have b64, and no more but shape"
INT8 = "must be an integer of int8, written without a point"


@pytest.mark.parametrize(
    ("dtype", "value", "place", "told"),
    [
        ("float32", None, "", NULL),
        ("float32", "0.5", "", f"{LISTS} 2 x 3, or an object with its bytes as b64"),
        ("float32", [], "", "must have 2 elements"),
        ("float32", [[1, 2, 3]], "", "must have 2 elements"),
        ("float32", [[1, 2, 3], [1, 2]], "[1]", "must have 3 elements"),
        ("float32", [[1, 2, 3], 4], "[1]", f"{LISTS} 3"),
        ("float32", [[1, 2, 3], None], "[1]", f"{LISTS} 3"),
        ("float32", [[1, 2, 3], [1, [2], 3]], "[1][1]", "must be a number"),
        ("float32", [[1, 2, 3], [1, 2, True]], "[1][2]", "must be a number"),
        ("float32", [[1, "2", 3], [1, 2, 3]], "[0][1]", "must be a number"),
        ("float32", [[1, 2, 3], [1, None, 3]], "[1][1]", NULL),
        ("float32", [[1, 2, 1e39], [1, 2, 3]], "[0][2]", "must be a finite float32"),
        ("int8", [[1, 2, 3], [1, 2.0, 3]], "[1][1]", INT8),
        ("int8", [[1, 2, 3], [1, 2, 128]], "[1][2]", "must be a value of int8"),
        ("uint64", [[-1, 2, 3], [1, 2, 3]], "[0][0]", "must be a value of uint64"),
        ("bool", [[1, True, True], 3 * [True]], "[0][0]", "must be true or false"),
        ("float32", {}, "", NO_MORE),
        ("float32", {"b64": "AAAA", "c": 1}, "", NO_MORE),
        ("float32", {"b64": 1}, ".b64", BASE64),
        ("int8", {"b64": "AAAAAAA"}, ".b64", BASE64),
        ("int8", {"b64": "AAAA\nAAAA"}, ".b64", BASE64),
        ("int8", {"b64": "_-AAAAAA"}, ".b64", BASE64),
        ("int8", {"b64": "\u00e9AAAAAAA"}, ".b64", BASE64),
        ("int8", {"b64": "AAAA"}, ".b64", "must be 6 bytes: 2 x 3 of int8"),
        ("int8", {"b64": "AAAAAAAA", "shape": [3, 2]}, ".shape", SHAPE),
        ("int8", {"b64": "AAAAAAAA", "shape": [2]}, ".shape", SHAPE),
        ("int8", {"b64": "AAAAAAAA", "shape": [2.0, 3]}, ".shape", SHAPE),
        ("int8", {"b64": "AAAAAAAA", "shape": ""}, ".shape", "must be a list of sizes"),
        ("bool", {"b64": "AAAAAAAC"}, ".b64", "must have bytes of 0 and 1 alone"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(
    dtype: str, value: Any, place: str, told: str
) -> None:
    good = make_extremes(dtype).tolist()
    fault = (f"instances[2].t{place}", told)
    assert find_fault(describe(dtype), good, good, value, good) == fault


@pytest.mark.parametrize(
    ("dtype", "value", "told"),
    [
        ("float32", True, "must be a number"),
        ("float32", 2**24 + 1, "must be an integer that float32 holds exactly"),
        ("float32", 1e39, "must be a finite float32"),
        ("float64", [0.5], "must be a number"),
        ("int8", 1.0, INT8),
        ("int8", 128, "must be a value of int8"),
        ("uint64", -1, "must be a value of uint64"),
        ("int32", False, "must be an integer of int32, written without a point"),
    ],
)
def test_one_wrong_element_among_thousands_is_found(
    dtype: str, value: Any, told: str
) -> None:
    """Where all are right, they are read otherwise."""
    kind = float if dtype.startswith("float") else int
    good = [[kind(i + j) for j in range(40)] for i in range(30)]
    feature = describe(dtype, [30, 40])
    codec = Codec(
        Contract(features=(feature,), table="tensors"),
        replace(LIMITS, max_elements=10_000),
    )
    bad = [[*row] for row in good]
    bad[17][23] = value
    body = json.dumps({"instances": [{"t": good}, {"t": bad}]}).encode()
    with pytest.raises(ContractViolationError) as caught:
        codec.load(body)
    [remark] = caught.value.remarks
    assert remark.path == "instances[1].t[17][23]"
    assert remark.message.startswith(told)


@pytest.mark.parametrize("unknown", ["reject", "ignore"])
@pytest.mark.parametrize(
    "body",
    [
        {"instances": [{"t": [1.5, 2.0]}, {"t": [3.0, 4.5]}]},
        {"columns": {"t": [[1.5, 2.0], [3.0, 4.5]]}},
        {"instances": [[1.5, 2.0], [3.0, 4.5]]},
    ],
)
def test_lists_are_let_go_as_soon_as_they_are_arrays(body: Any, unknown: Any) -> None:
    """But where what they come with is to be told of."""
    codec = build_codec(describe("float32", [2]), unknown_fields=unknown)
    document = codec.decode(json.dumps(body).encode())
    assert document.columns is not None
    assert (document.content is None) == (unknown == "reject")
    [column] = codec.validate(document).columns
    assert isinstance(column, TensorColumn)
    assert column.array.tolist() == [[1.5, 2.0], [3.0, 4.5]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_bytes_hold_no_other_than_finite_numbers(value: float) -> None:
    array = np.array([[0, 1, 2], [3, value, 5]], np.float64)
    fault = find_fault(describe("float64"), {"b64": encode(array)})
    assert fault == ("instances[0].t[1][1]", "must be a finite float64")


def test_a_bound_is_as_exact_as_an_element() -> None:
    feature = describe("float32", [2], minimum=0, maximum=0.1)
    assert read(feature, [0, 0.1]).tolist() == [[0.0, float(np.float32(0.1))]]
    assert read(feature, {"b64": encode(make_floats([0, 0.1]))}).shape == (1, 2)
    for value in ([0, 0.11], {"b64": encode(make_floats([0, 0.11]))}):
        assert find_fault(feature, value) == (
            "instances[0].t[1]",
            "must be between 0 and 0.1",
        )


def test_all_instances_agree_in_a_free_dimension() -> None:
    feature = describe("int8", [None, 2])
    assert read(feature, [[1, 2]], [[3, 4]]).shape == (2, 1, 2)
    assert read(feature, 3 * [[1, 2]]).shape == (1, 3, 2)
    coded = {"b64": encode(make_bytes([[1, 2], [3, 4]])), "shape": [2, 2]}
    other = ("instances[2].t", "must have the shape of the first instance's, 1 x 2")
    assert find_fault(feature, [[1, 2]], [[1, 2]], coded, coded) == other
    assert find_fault(feature, [[1, 2]], [[1, 2]], 2 * [[1, 2]]) == other
    missing = find_fault(feature, {"b64": coded["b64"]})
    assert missing == ("instances[0].t.shape", "must be there: a dimension is free")
    assert find_fault(feature, []) == ("instances[0].t", "must not be empty")
    far = [[1] * 500, *([[]] * 10)]
    assert find_fault(describe("int8", [None, None]), far)[0] == "instances[0].t[1]"
    ragged = find_fault(feature, [[1, 2], [1]])
    assert ragged == ("instances[0].t[1]", "must have 2 elements")


def test_each_wrong_instance_is_named_up_to_the_limit() -> None:
    body = {"instances": 3 * [{"t": [[1, 2], [3]]}, {"t": [[1, 2], [3, 4]]}]}
    with pytest.raises(ContractViolationError) as caught:
        build_codec(describe("int8", [2, 2])).load(json.dumps(body).encode())
    places = [remark.path for remark in caught.value.remarks]
    assert places == [f"instances[{index}].t[1]" for index in (0, 2, 4)]
    assert caught.value.counts == {("t", "length"): 3}


def test_a_bare_list_is_the_tensor_of_a_model_with_one() -> None:
    """As TensorFlow Serving's callers send it."""
    codec = build_codec(describe("int8", [2]))
    [column] = codec.load(b'{"instances": [[1, 2], {"t": [3, 4]}]}').columns
    assert [each.tolist() for each in column] == [[1, 2], [3, 4]]
    with pytest.raises(ContractViolationError) as caught:
        codec.load(b'{"instances": [[1, 2], [1, 2.5]]}')
    assert caught.value.remarks[0].path == "instances[1].t[1]"


def test_an_element_outside_of_training_is_warned_of() -> None:
    feature = describe("float32", [2], observed=Observed(minimum=0, maximum=1))
    body = b'{"instances": [{"t": [0, 1]}, {"t": [0, 1.5]}, {"t": [-1, 0]}]}'
    found = build_codec(feature).load(body)
    assert [each.path for each in found.warnings] == [
        "instances[1].t",
        "instances[2].t",
    ]
    assert found.novelties == {("t", "out_of_range"): 2}


@pytest.mark.parametrize("rules", [{}, {"unknown_fields": "ignore"}])
def test_unknown_fields_are_as_of_any_contract(rules: dict[str, Any]) -> None:
    codec = build_codec(describe("int8", [1]), **rules)
    body = b'{"instances": [{"t": [1], "u": [2, [3]]}]}'
    if rules:
        [warning] = codec.load(body).warnings
        assert warning.path == "instances[0].u"
    else:
        with pytest.raises(ContractViolationError, match=r"instances\[0\].u is not a"):
            codec.load(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [{"t": [' + b",".join([b"0"] * 1001) + b"]}]}",
        b'{"instances": [%s, %s]}' % (2 * (b'{"t": [0%s]}' % (500 * b",0"),)),
        b'{"instances": [{"t": [' + b",".join([b"0"] * 100_000) + b"]}]}",
        b'{"columns": {"t": [[' + b",".join([b"0"] * 1001) + b"]]}}",
        b'{"instances": [{"t": {"b64": "' + b"A" * 1336 + b'", "shape": [1002]}}]}',
    ],
)  # fmt: skip
def test_the_elements_of_a_request_are_counted(body: bytes) -> None:
    feature = describe("int8", [None])
    with pytest.raises(TooManyInstancesError, match="more elements than the 1000"):
        build_codec(feature).load(body)


def test_lists_without_elements_are_counted() -> None:
    codec = Codec(
        Contract(features=(describe("int8", [None, 1]),), table="tensors"),
        RequestLimits(max_instances=1, max_string_length=1),
    )
    body = b'{"instances": [{"t": [%s]}]}' % b",".join([b"[]"] * 700_000)
    with pytest.raises(TooManyInstancesError, match="objects and lists"):
        codec.load(body)


def test_deep_lists_are_no_fault_of_the_service() -> None:
    feature = describe("int8", [2])
    body = b'{"instances": [{"t": %s%s}]}' % (b"[" * 900, b"]" * 900)
    with pytest.raises(ContractViolationError):
        build_codec(feature).load(body)


def test_arrays_are_held_against_the_contract() -> None:
    codec = build_codec(describe("float32", [2], maximum=1))

    def place(name: str, index: int | None = None) -> str:
        return f"{name}[{index}]"

    def read_arrays(array: Any) -> Document:
        return codec.read_columns({"t": TensorColumn(array)}, place, "columns")

    good = make_floats([[0, 1], [1, 0]])
    [column] = codec.validate(read_arrays(good)).columns
    assert isinstance(column, TensorColumn)
    assert column.array is good
    for array, told in (
        (good.astype(np.float64), "t[0] must be of the type float32"),
        (good[:, :1], "t[0] must have the shape 2"),
        (good + make_floats([[0, 0], [0, 2]]), "t[1][1] must be between"),
    ):
        with pytest.raises(ContractViolationError) as caught:
            codec.validate(read_arrays(array))
        assert str(caught.value).startswith(told)


def test_arrays_are_logged_as_a_request_may_hold_them() -> None:
    codec = build_codec(describe("float32", [2]))
    array = make_floats([[0.1, 1], [1, -0.0]])
    read_columns = codec.read_columns
    document = read_columns({"t": TensorColumn(array)}, lambda *_: "", "columns")
    [column] = codec.load(document.write()).columns
    assert isinstance(column, TensorColumn)
    assert column.array.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "rules",
    [
        {"dtype": "float16"},
        {"dtype": "int8", "minimum": 0.5},
        {"dtype": "bool", "minimum": 0},
        {"dtype": "int8", "nullable": True},
        {"dtype": "int8", "required": False},
        {"dtype": "int8", "categories": (1,)},
        {"dtype": "int8", "shape": [0]},
        {"dtype": "int8", "shape": 9 * [1]},
    ],
)
def test_a_manifest_holds_no_impossible_tensor(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'t'"):
        describe(**rules)


def test_a_shape_is_a_tensor_s_alone() -> None:
    storage = Storage(dtype="int64")
    with pytest.raises(ValueError, match="shape"):
        Feature(name="t", type="integer", storage=storage, shape=(1,))
    with pytest.raises(ValueError, match="shape"):
        Feature(name="t", type="tensor", storage=storage)


def test_the_limits_of_what_lies_in_an_artefact_are_none() -> None:
    assert RequestLimits.max_elements == 2**21
    feature = describe("int8", [None])
    contract = Contract(features=(feature,), table="tensors")
    codec = Codec(contract, RequestLimits(*[sys.maxsize] * 5))
    body = json.dumps({"instances": [{"t": [0] * 5000}]}).encode()
    assert codec.load(body).count == 1
