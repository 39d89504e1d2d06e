"""Rows by position are read as those by name, and refused at the same places."""

import json
from typing import Any

import jsonschema
import numpy as np
import orjson
import pytest
from contracts import NARROW, VALUES
from hypothesis import given
from hypothesis import strategies as st

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.observation import observe_table
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import ContractViolationError, MalformedJsonError
from service.model.loading import load_predictor
from service.web.routes.openapi import describe_api

MIXED = np.array([["a", 1.5, 3], ["b", 2.5, None]], dtype=object)
ARRAYS = [np.array([[0.5, 1.5, 2.5]]), np.array([[1, 2, 3]]), MIXED]
CODECS = [Codec(observe_table(X), NARROW) for X in ARRAYS]
NAMES = ("x0", "x1", "x2")


def load(codec: Codec, rows: list[Any]) -> Any:
    """Return the columns and warnings of a request, or its faults."""
    try:
        found: Instances = codec.load(json.dumps({"instances": rows}).encode())
    except ContractViolationError as error:
        return [(each.path, str(each.message)) for each in error.remarks]
    return [[repr(v) for v in column] for column in found.columns], found.warnings


@pytest.mark.parametrize("codec", CODECS)
@given(rows=st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=4))
def test_a_row_by_position_is_read_as_one_by_name(
    codec: Codec, rows: list[tuple[Any, ...]]
) -> None:
    named = [dict(zip(NAMES, row, strict=True)) for row in rows]
    lists = [list(row) for row in rows]
    assert load(codec, lists) == load(codec, named)


@pytest.mark.parametrize("row", [[], [1.0, 2.0], [1.0] * 4, [[1.0, 2.0, 3.0]], 5, None])
def test_a_row_of_another_length_is_refused(row: Any) -> None:
    [(path, message)] = load(CODECS[0], [[1.0, 2.0, 3.0], row])
    assert path == "instances[1]"
    assert message == "must be an object, or a list of 3 values"


def test_a_key_twice_is_refused_beside_lists() -> None:
    for body in (b'{"instances": [[1.0, 2.0, 3.0]], "instances": [[1.0, 2.0, 3.0]]}',):
        with pytest.raises(MalformedJsonError, match="occurs twice"):
            CODECS[0].load(body)


def test_a_frame_takes_no_positions() -> None:
    contract = Contract(features=CODECS[0].contract.features)
    assert load(Codec(contract, NARROW), [[1.0, 2.0, 3.0]]) == [
        ("instances[0]", "must be an object")
    ]


def test_hundreds_of_columns_are_read_on_the_fast_path() -> None:
    X = np.arange(784_000.0).reshape(1000, 784)
    codec = Codec(observe_table(X), UNBOUNDED)
    document = codec.decode(orjson.dumps({"instances": X.tolist()}))
    assert document.is_known
    np.testing.assert_array_equal(np.array(document.columns).T, X)


def test_the_published_schema_takes_lists(packaged: Any) -> None:
    predictor = load_predictor(read_artefact(packaged("array")))
    codec = Codec(predictor.manifest.contract, NARROW)
    schemas = describe_api(predictor, codec)["components"]["schemas"]
    schema = {**schemas["PredictRequest"], "components": {"schemas": schemas}}
    validator = jsonschema.Draft202012Validator(schema)
    width = len(codec.contract.features)
    for row in ([1.0] * width, [1.0] * (width - 1), [1.0] * (width + 1), ["a"] * width):
        is_valid = not isinstance(load(codec, [row])[0][0], str)
        assert validator.is_valid({"instances": [row]}) is is_valid
