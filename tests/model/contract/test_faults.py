"""What is found by pieces is what marshmallow says of the whole request."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from contracts import FEATURES, NARROW, VALUES
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from msgspec.structs import replace as change

from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.request_limits import RequestLimits
from service.model.errors import ContractViolationError, Remark

# A value that each of the features takes, in the same order.
GOOD: list[Any] = [0.5, 1.0, 2.5, 1, 100, True, "a", "long", "abc", "b"]
GOOD += ["2024-01-31T09:30:00", "2024-01-31", "2024-01-31", "2024-01-31T09:30:00Z"]
DEFAULTS: dict[str, Any] = {
    "number": 1.0,
    "integer": 7,
    "string": "a",
    "boolean": False,
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00",
}

Places = list[tuple[str, str]]


@st.composite
def contracts(draw: st.DrawFn) -> tuple[Contract, dict[str, Any]]:
    """Draw a contract of a few features, and a row that keeps it."""
    which = st.lists(
        st.integers(0, len(FEATURES) - 1), min_size=1, max_size=4, unique=True
    )
    features, row = [], {}
    for number, index in enumerate(draw(which)):
        rules: dict[str, Any] = {"name": f"n{number}"}
        if draw(st.booleans()):
            rules["required"] = False
            rules["default"] = draw(st.sampled_from([None, find_default(index)]))
        if draw(st.booleans()):
            rules["observed"] = Observed(nulls=1)
        features.append(change(FEATURES[index], **rules))
        row[f"n{number}"] = GOOD[index]
    unknown: Any = draw(st.sampled_from(["reject", "ignore"]))
    return Contract(features=tuple(features), unknown_fields=unknown), row


def find_default(index: int) -> Any:
    default = DEFAULTS[FEATURES[index].type]
    return f"{default}Z" if "UTC" in FEATURES[index].storage.dtype else default


def draw_rows(draw: st.DrawFn, good: dict[str, Any]) -> list[Any]:
    """Draw rows of which a few are other than the good one."""
    rows: list[Any] = [good] * draw(st.integers(0, 200))
    names = [*good, "n9", "", "_schema", "instances", "k" * 80]
    others = st.one_of(
        VALUES,
        st.dictionaries(st.sampled_from(names), VALUES, max_size=6),
        st.sampled_from(names).map(lambda n: {k: v for k, v in good.items() if k != n}),
        st.tuples(st.sampled_from(names), VALUES).map(
            lambda cell: {**good, **dict([cell])}
        ),
    )
    for other in draw(st.lists(others, max_size=6)):
        rows.insert(draw(st.integers(0, len(rows))), other)
    return rows


@st.composite
def requests(draw: st.DrawFn) -> tuple[Contract, RequestLimits, Any]:
    """Draw a contract and a document that nearly keeps it."""
    contract, good = draw(contracts())
    document: Any = {"instances": draw_rows(draw, good)}
    if draw(st.integers(0, 5)) == 0:
        others = st.dictionaries(st.sampled_from(["x", "n0", "_schema", "y"]), VALUES)
        document = draw(others) | draw(st.sampled_from([document, {}]))
    if draw(st.integers(0, 20)) == 0:
        document = draw(st.sampled_from([{"instances": 1}, {}, [], 5, None]))
    bounds = replace(NARROW, max_errors=draw(st.sampled_from([1, 2, 3, 10, 1000])))
    return contract, bounds, orjson.loads(json.dumps(document))


def list_places(messages: Any, part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield what marshmallow says, unknown fields in the order in which they came."""
    if isinstance(messages, list):
        yield from ((path or "body", message) for message in messages)
        return
    came = (
        {key: place for place, key in enumerate(part)} if isinstance(part, dict) else {}
    )
    unknown = [key for key in came if key in messages and is_unknown(messages[key])]
    for key in [*(key for key in messages if key not in unknown), *unknown]:
        if isinstance(key, int):
            yield from list_places(messages[key], part[key], f"{path}[{key}]")
        elif isinstance(part, dict):
            below = f"{path}.{key[:64]}" if path else key
            yield from list_places(messages[key], part.get(key), below)
        else:
            yield from list_places(messages[key], part, path)


def is_unknown(messages: Any) -> bool:
    return isinstance(messages, list) and messages[0].startswith("is not ")


def list_warnings(contract: Contract, rows: list[Any], columns: Any) -> Iterator[Any]:
    for feature, column in zip(contract.features, columns, strict=True):
        for index, value in enumerate(column):
            if value is None and not feature.observed.nulls:
                yield f"instances[{index}].{feature.name}"
    names = {feature.name for feature in contract.features}
    for index, row in enumerate(rows):
        yield from (f"instances[{index}].{key[:64]}" for key in row if key not in names)


@settings(max_examples=300)
@given(requests())
def test_a_request_is_answered_as_marshmallow_would(
    drawn: tuple[Contract, RequestLimits, Any],
) -> None:
    contract, bounds, document = drawn
    codec = Codec(contract, bounds)
    most = bounds.max_errors
    try:
        loaded = codec.schema.load(document)["instances"]
    except ValidationError as error:
        expected = list(list_places(error.messages, document))
        with pytest.raises(ContractViolationError) as caught:
            codec.load(json.dumps(document).encode())
        found = [(remark.path, remark.message) for remark in caught.value.remarks]
        assert found[:most] == expected[:most]
        assert found[most:] == [("instances", "and more")] * (len(expected) > most)
        assert sum(caught.value.counts.values()) == len(expected[:most])
        return
    instances = codec.load(json.dumps(document).encode())
    columns = [[row[f"f{i}"] for row in loaded] for i in range(len(contract.features))]
    assert [list(column) for column in instances.columns] == columns
    for given_column, column in zip(instances.columns, columns, strict=True):
        assert list(map(type, given_column)) == list(map(type, column))
    warned = list(list_warnings(contract, document["instances"], columns))
    assert [warning.path for warning in instances.warnings[:most]] == warned[:most]
    rest = [Remark("instances", f"and {len(warned) - most} more")]
    assert list(instances.warnings[most:]) == rest * (len(warned) > most)


NUMBER = Feature(name="a", type="number", storage=Storage(dtype="float64"))


def count_asked(codec: Codec, document: Any) -> int:
    """Count the values that marshmallow is asked about."""
    instances: Any = codec.schema.load_fields["instances"]
    asked: list[Any] = []

    def note(value: Any) -> Any:
        asked.append(value)
        return value

    instances.inner.schema.load_fields["f0"].pre_load.append(note)
    with pytest.raises(ContractViolationError):
        codec.load(json.dumps(document).encode())
    return len(asked)


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        ([{}] * 10_000, 0),
        ([{"a": "x"}] * 10_000, 101),
        ([{"a": 1}] * 9_999 + [{"a": "x"}], 1),
        ([{"a": 1}, {"a": "x"}] * 40, 40),
        ([{"a": 1, "b": 1}] * 10_000, 0),
        ([None] * 10_000, 0),
    ],
)
@pytest.mark.parametrize("others", [{}, {"x": 1}])
def test_marshmallow_is_asked_about_no_more_than_is_named(
    rows: list[Any], asked: int, others: dict[str, Any]
) -> None:
    bounds = RequestLimits(10_000, 10, max_errors=100)
    codec = Codec(Contract(features=(NUMBER,)), bounds)
    document = {"instances": rows, **others}
    assert count_asked(codec, document) == asked


def test_of_many_unknown_keys_the_first_are_named() -> None:
    keys = [f"k{number}" for number in range(10**5)]
    body = json.dumps({"instances": [dict.fromkeys(keys, 0)]}).encode()
    with pytest.raises(ContractViolationError) as caught:
        Codec(Contract(features=(NUMBER,)), NARROW).load(body)
    assert [remark.path for remark in caught.value.remarks] == [
        "instances[0].a",
        *(f"instances[0].{key}" for key in keys[:99]),
        "instances",
    ]
    outer = json.dumps({"instances": [{"a": 1}], **dict.fromkeys(keys, 0)}).encode()
    with pytest.raises(ContractViolationError) as caught:
        Codec(Contract(features=(NUMBER,)), NARROW).load(outer)
    assert [remark.path for remark in caught.value.remarks[:100]] == keys[:100]


def test_what_is_counted_is_what_is_named() -> None:
    rows = [{"a": "x"}] * 60 + [{"b": 1}] * 60
    bounds = RequestLimits(10_000, 10, max_errors=100)
    with pytest.raises(ContractViolationError) as caught:
        Codec(Contract(features=(NUMBER,)), bounds).load(
            json.dumps({"instances": rows}).encode()
        )
    assert caught.value.counts == {
        ("a", "type"): 60,
        ("a", "missing"): 20,
        ("(unknown)", "unknown"): 20,
    }
