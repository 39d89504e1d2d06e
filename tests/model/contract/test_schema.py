"""The schema that validates and the schema that is published say the same."""

from typing import Any

import jsonschema
import pandas as pd
import pytest
from contracts import FEATURES, NARROW, VALUES, make
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from pipelines import CREDIT, build_mixed_table

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature
from service.model.contract.observation import observe_table
from service.model.contract.schema import compile_field, compile_schema
from service.model.loading import load_predictor
from service.web.routes.openapi import describe_api


def accepts(feature: Feature, value: Any) -> bool:
    schema = compile_schema(Contract(features=(feature,)), NARROW)
    try:
        schema.load({"instances": [{feature.name: value}]})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("feature", "value", "accepted"),
    [
        (make("number", "float64"), 30, True),
        (make("number", "float64"), 1e308, True),
        (make("number", "float64"), 2**70, True),
        (make("number", "float64"), float("inf"), False),
        (make("number", "float64"), float("nan"), False),
        (make("number", "float64"), "30", False),
        (make("number", "float64"), True, False),
        (make("number", "float64"), None, False),
        (make("number", "float64", nullable=True), None, True),
        (make("number", "float32"), 3e38, True),
        (make("number", "float32"), 4e38, False),
        (make("integer", "int64"), 30.0, True),
        (make("integer", "int64"), -0.0, True),
        (make("integer", "int64"), 30.7, False),
        (make("integer", "int64"), "30", False),
        (make("integer", "int64"), True, False),
        (make("integer", "int64"), 2**63 - 1, True),
        (make("integer", "int64"), 2**63, False),
        (make("integer", "int64"), 2.0**53, False),
        (make("integer", "int8"), 127, True),
        (make("integer", "int8"), 128, False),
        (make("integer", "UInt8"), -1, False),
        (make("integer", "int64", categories=(1, 2)), 2, True),
        (make("integer", "int64", categories=(1, 2)), 3, False),
        (make("integer", "int64", minimum=5), 4, False),
        (make("boolean", "bool"), True, True),
        (make("boolean", "bool"), 1, False),
        (make("boolean", "bool"), "true", False),
        (make("string", "str"), "", True),
        (make("string", "str"), 5, False),
        (make("string", "str"), ["a"], False),
        (make("string", "str"), "abc", True),
        (make("string", "str"), "é\N{GRINNING FACE}a", True),
        (make("string", "str"), "abcd", False),
        (make("string", "str", categories=("long",)), "long", True),
        (make("string", "str", categories=("{a}", "b%s")), "{a}", True),
        (make("string", "str", categories=("{a}", "b%s")), "{b}", False),
        (make("date-time", "datetime64[us]"), "2024-01-31T09:30:00", True),
        (make("date-time", "datetime64[us]"), "2024-01-31T09:30:00Z", False),
        (make("date-time", "datetime64[us]"), "2024-01-31", False),
        (make("date-time", "datetime64[us]"), "2024-02-30T00:00:00", False),
        (make("date-time", "datetime64[us]"), "٢٠٢٤-01-31T09:30:00", False),
        (make("date-time", "datetime64[us]"), 1706693400, False),
        (make("date-time", "datetime64[us, UTC]"), "2024-01-31T09:30:00+02:00", True),
        (make("date-time", "datetime64[us, UTC]"), "2024-01-31T09:30:00", False),
        (
            make("date-time", "datetime64[us]", minimum="2024-01-01T00:00:00"),
            "2023-12-31T23:59:59",
            False,
        ),
    ],
)
def test_nothing_is_coerced(feature: Feature, value: Any, accepted: bool) -> None:
    assert accepts(feature, value) is accepted


@pytest.mark.parametrize(
    "name", ["fields", "context", "load", "a.b", "a b", "", "_schema", "Meta", "ключ"]
)
def test_a_feature_may_have_any_name(name: str) -> None:
    contract = observe_table(pd.DataFrame({name: [1, 2]}))
    body = {"instances": [{name: 3}]}
    assert compile_schema(contract, NARROW).load(body) == {"instances": [{"f0": 3}]}


@pytest.fixture(scope="module")
def validators() -> list[jsonschema.Draft202012Validator]:
    predictor = load_predictor(read_artefact(CREDIT))
    made = []
    for feature in FEATURES:
        codec = Codec(Contract(features=(feature,)), NARROW)
        schemas = describe_api(predictor, codec)["components"]["schemas"]
        schema = {**schemas["PredictRequest"], "components": {"schemas": schemas}}
        made.append(jsonschema.Draft202012Validator(schema))
    return made


@given(index=st.integers(0, len(FEATURES) - 1), value=VALUES)
def test_the_published_schema_agrees(
    validators: list[jsonschema.Draft202012Validator], index: int, value: Any
) -> None:
    body = {"instances": [{"f": value}]}
    assert validators[index].is_valid(body) is accepts(FEATURES[index], value)


def test_every_column_of_the_mixed_table_is_compiled() -> None:
    contract = observe_table(build_mixed_table())
    assert len(compile_schema(contract, NARROW).fields) == 1


@pytest.mark.parametrize(
    ("dtype", "kind", "value", "message"),
    [
        ("datetime64[us]", "date-time", "2024-01-31T09:30:00Z", "must have no offset"),
        ("datetime64[us]", "date", "2024-01-31T09:30:00+01:00", "must have no offset"),
        ("datetime64[us]", "date-time", "2024-01-31T09:30:00.1234567", "microseconds"),
        ("datetime64[s]", "date-time", "2024-01-31T09:30:00.5", "model's seconds"),
        ("datetime64[us, UTC]", "date-time", "2024-01-31T09:30:00", "have an offset"),
        ("datetime64[us]", "date-time", "2024-01-31", "as 2024-01-31T09:30:00"),
        ("datetime64[us]", "date-time", "2024-02-30T09:30:00", "must be a date-time"),
        ("datetime64[us]", "date", "31.1.2024", "must be a date such as 2024-01-31"),
        ("date", "date", "2024-01-31T00:00:00", "must be a date such as 2024-01-31"),
        ("date", "date", 20240131, "must be a date such as 2024-01-31"),
    ],
)
def test_what_is_wrong_with_a_date_is_said(
    dtype: str, kind: Any, value: Any, message: str
) -> None:
    field = compile_field(make(kind, dtype))
    with pytest.raises(ValidationError, match=message):
        field.deserialize(value)


@pytest.mark.parametrize("dtype", ["datetime64[us]", "datetime64[s]", "date"])
def test_a_column_of_days_takes_a_date(dtype: str) -> None:
    field = compile_field(make("date", dtype))
    midnight = pd.Timestamp("2024-01-31")
    assert field.deserialize("2024-01-31") == midnight
    if dtype != "date":
        assert field.deserialize("2024-01-31T00:00:00") == midnight
