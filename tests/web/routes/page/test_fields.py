"""How each kind of feature is entered, and what the table says of it."""

from typing import Any

import pytest

from service.model.contract.features import Contract, Feature, Observed, Storage
from service.web.routes.page.fields import (
    MAX_FIELDS,
    MAX_NAMED,
    Choice,
    build_field,
    is_form,
)

TEXT, NUMBER = Storage(dtype="str"), Storage(dtype="float64")
SEEN = Observed(categories=("rent", "owner"))


def make_text(**rules: Any) -> Feature:
    return Feature(name="Home", type="string", storage=TEXT, **rules)


def make_number(**rules: Any) -> Feature:
    return Feature(name="Age", type="number", storage=NUMBER, **rules)


IMAGE = Feature(
    name="image",
    type="tensor",
    storage=Storage(dtype="float32"),
    shape=(None, 2),
    observed=Observed(minimum=0, maximum=1),
)


def test_a_tensor_is_entered_as_json() -> None:
    field = build_field(IMAGE, {"image": [[0.5, 1.0]]})
    assert (field.control, field.type, field.json) == (
        *("json", "float32 n x 2"),
        "[[0.5,1.0]]",
    )
    assert field.observed == "0 to 1"
    assert not build_field(IMAGE, {"image": 1000 * [[0.5, 1.0]]}).json


@pytest.mark.parametrize(
    ("feature", "control"),
    [
        (make_text(), "text"),
        (make_text(observed=SEEN), "suggestions"),
        (make_text(categories=("rent",), observed=SEEN), "choice"),
        (make_number(), "number"),
        (make_number(categories=(1, 2)), "choice"),
        (Feature(name="new", type="boolean", storage=TEXT), "choice"),
        (Feature(name="day", type="date", storage=TEXT), "date"),
    ],
)
def test_each_kind_of_feature_has_its_control(feature: Feature, control: str) -> None:
    assert build_field(feature, {}).control == control


def test_a_closed_list_offers_all_that_may_be_sent_as_json() -> None:
    feature = make_text(
        categories=("null", 'a "b"'), nullable=True, required=False, default="null"
    )
    assert build_field(feature, {}).choices == (
        Choice('"null"', "null"),
        Choice('"a \\"b\\""', 'a "b"'),
        Choice("null", "null"),
        Choice("", 'absent: "null"'),
    )


@pytest.mark.parametrize(
    ("value", "json", "text"),
    [(125.0, "125.0", "125.0"), ("a", '"a"', "a"), (None, "null", ""), ("", '""', "")],
)
def test_a_field_begins_with_the_value_of_the_example(
    value: Any, json: str, text: str
) -> None:
    field = build_field(make_text(nullable=True), {"Home": value})
    assert (field.json, field.text) == (json, text)
    assert field.is_null == (value is None)


@pytest.mark.parametrize(
    ("rules", "valid"),
    [
        ({}, "any"),
        ({"minimum": 0}, "at least 0"),
        ({"maximum": 9.5}, "at most 9.5"),
        ({"minimum": 0, "maximum": 9}, "0 to 9"),
        ({"categories": (1, 2)}, "1, 2"),
        (
            {"categories": tuple(range(MAX_NAMED + 7))},
            ", ".join(map(str, range(MAX_NAMED))) + " and 7 more",
        ),
    ],
)
def test_the_table_says_what_is_valid(rules: dict[str, Any], valid: str) -> None:
    assert build_field(make_number(**rules), {}).valid == valid


def test_what_training_did_not_tell_is_left_empty() -> None:
    assert build_field(make_text(), {}).observed == ""
    assert build_field(make_text(observed=SEEN), {}).observed == "rent, owner"


def test_a_wide_contract_and_one_of_any_fields_have_no_form() -> None:
    features = tuple(
        Feature(name=f"x{i}", type="number", storage=NUMBER)
        for i in range(MAX_FIELDS + 1)
    )
    assert is_form(Contract(features=features[1:]))
    assert not is_form(Contract(features=features))
    assert not is_form(Contract(features=features[:1], table="mapping"))
