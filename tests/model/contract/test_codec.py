import json
import tracemalloc
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from service.model.contract.codec import Codec
from service.model.contract.decoder import MIN_CONTAINERS
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.contract.violations import Violation
from service.model.errors import (
    ContractViolationError,
    Remark,
    TooManyInstancesError,
)

AGE = Feature(
    name="Age",
    type="integer",
    storage=Storage(dtype="int64"),
    nullable=True,
    observed=Observed(minimum=18, maximum=68),
)
HOME = Feature(
    name="Home",
    type="string",
    storage=Storage(dtype="str"),
    required=False,
    default="own",
    observed=Observed(categories=("own", "rent")),
)
DAY = Feature(
    name="day",
    type="date-time",
    storage=Storage(dtype="datetime64[us]"),
    required=False,
    default="2024-01-31T00:00:00",
    observed=Observed(minimum="2024-01-01T00:00:00", maximum="2024-12-31T00:00:00"),
)


LIMITS = RequestLimits(max_instances=1000, max_string_length=10, max_errors=100)


def load(*instances: Any, limits: RequestLimits = LIMITS, **rules: Any) -> Any:
    contract = Contract(features=(AGE, HOME, DAY), **rules)
    body = json.dumps({"instances": list(instances)}).encode()
    return Codec(contract, limits).load(body)


def test_instances_come_by_column_and_absent_fields_by_default() -> None:
    loaded = load({"Age": 30}, {"Home": "rent", "Age": None})
    assert loaded.count == 2
    ages, homes, days = map(list, loaded.columns)
    assert (ages, homes) == ([30, None], ["own", "rent"])
    assert [str(day) for day in days] == ["2024-01-31 00:00:00"] * 2


def test_unknown_fields_are_refused_or_warned_of() -> None:
    with pytest.raises(ContractViolationError, match=r"instances\[0\]\.age"):
        load({"Age": 30, "age": 1})
    [warning] = load({"Age": 30, "age": 1}, unknown_fields="ignore").warnings
    assert warning.path == "instances[0].age"
    assert "ignored" in warning.message


def test_what_training_did_not_see_is_warned_of_at_its_place() -> None:
    warnings = load(
        {"Age": 30}, {"Age": 17, "Home": "tent", "day": "2025-01-01T00:00:00"}
    ).warnings
    assert [w.path for w in warnings] == [
        "instances[1].Age",
        "instances[1].Home",
        "instances[1].day",
    ]


def test_the_bounds_of_what_was_observed_are_within() -> None:
    assert load({"Age": 18}, {"Age": 68}).warnings == ()


def test_warnings_are_cut() -> None:
    warnings = load(*[{"Age": 99}] * 300).warnings
    assert len(warnings) == 101
    assert warnings[-1].message == "and 200 more"
    assert len(load(*[{"Age": 99}] * 100).warnings) == 100


def test_errors_are_cut() -> None:
    with pytest.raises(ContractViolationError) as caught:
        load(*[{}] * 7, limits=replace(LIMITS, max_errors=2))
    assert [remark.path for remark in caught.value.remarks] == [
        "instances[0].Age",
        "instances[1].Age",
        "instances",
    ]
    assert caught.value.remarks[-1].message == "and more"


def test_a_string_may_be_as_long_as_the_bound_and_no_longer() -> None:
    assert load({"Age": 30, "Home": 10 * "\N{GRINNING FACE}"}).count == 1
    for rows in ([{"Age": 30, "Home": 11 * "a"}], [{"Age": 1}, {"Home": 11 * "a"}]):
        with pytest.raises(ContractViolationError) as caught:
            load(*rows)
        assert (
            Remark(
                f"instances[{len(rows) - 1}].Home", "must have at most 10 characters"
            )
            in caught.value.remarks
        )


def test_a_default_may_be_longer() -> None:
    feature = msgspec.structs.replace(HOME, default=11 * "a")
    loaded = Codec(Contract(features=(feature,)), LIMITS).load(b'{"instances": [{}]}')
    assert loaded.columns == ([11 * "a"],)


@pytest.mark.parametrize("depth", [3, 250])
def test_what_is_nested_is_no_value_and_may_be_ignored(depth: int) -> None:
    nested = json.loads(depth * "[" + depth * "]")
    assert load({"Age": 30, "x": nested}, unknown_fields="ignore").count == 1
    with pytest.raises(ContractViolationError, match=r"instances\[0\].Age must be"):
        load({"Age": nested})


def test_one_instance_more_than_allowed_is_too_many() -> None:
    limits = replace(LIMITS, max_instances=5)
    assert load(*[{"Age": 30}] * 5, limits=limits).count == 5
    with pytest.raises(TooManyInstancesError, match="6 instances"):
        load(*[{"Age": 30}] * 6, limits=limits)


@pytest.mark.parametrize("unit", ["{}", "[]", '{"a": 1}', "[[[[]]]]"])
@pytest.mark.parametrize(
    "around", ['{"instances": [%s]}', '{"instances": [{"a": [%s]}]}']
)
def test_a_body_of_more_objects_and_lists_than_allowed_is_not_decoded(
    unit: str, around: str
) -> None:
    codec = Codec(Contract(features=(AGE,), unknown_fields="ignore"), LIMITS)
    body = (around % ",".join([unit] * (MIN_CONTAINERS + 1))).encode()
    tracemalloc.start()
    try:
        with pytest.raises(TooManyInstancesError, match="100000 objects and lists"):
            codec.load(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * len(body)  # numpy's, of its bytes


def test_brackets_in_a_string_are_no_objects() -> None:
    codec = Codec(Contract(features=(HOME,)), replace(LIMITS, max_string_length=10**6))
    [column] = codec.load(b'{"instances": [{"Home": "%s"}]}' % (400_000 * b"[")).columns
    assert list(column) == [400_000 * "["]


def test_a_remark_never_repeats_a_value() -> None:
    secret = "4111-1111"
    with pytest.raises(ContractViolationError) as caught:
        load({"Age": secret, "Home": 4111, "day": secret})
    assert "4111" not in str([r.message for r in caught.value.remarks])
    warnings = load({"Age": 4111, "Home": secret}).warnings
    assert "4111" not in str(warnings)


LONG = "long" * 20


def find_paths(document: Any, *names: str) -> list[tuple[str, str]]:
    features = [
        Feature(name=name, type="integer", storage=Storage(dtype="int64"))
        for name in names
    ]
    with pytest.raises(ContractViolationError) as caught:
        Codec(Contract(features=tuple(features)), UNBOUNDED).load(
            json.dumps(document).encode()
        )
    return [(remark.path, remark.message) for remark in caught.value.remarks]


def test_only_a_name_out_of_the_request_is_cut() -> None:
    rows = [{LONG: "a", "_schema": "b", 2 * LONG: 1}, {LONG: 1, "_schema": 1, "a": 1}]
    assert dict(find_paths({"instances": rows}, LONG, "_schema")) == {
        f"instances[0].{LONG}": "must be an integer",
        "instances[0]._schema": "must be an integer",
        f"instances[0].{LONG[:64]}": "is not a feature of this model",
        "instances[1].a": "is not a feature of this model",
    }


@pytest.mark.parametrize("row", [None, 5, []])
def test_a_row_that_is_no_object_is_called_so(row: Any) -> None:
    assert find_paths({"instances": [row]}, "a") == [
        ("instances[0]", "must be an object")
    ]


def test_a_body_that_is_no_object_is_called_so() -> None:
    assert find_paths([], "a") == [("body", "must be an object")]
    assert find_paths({"_schema": 1}, "a")[-1] == ("_schema", "is not expected here")


STRICT = Contract(
    features=(
        Feature(name="n", type="integer", storage=Storage(dtype="int64"), minimum=1),
        Feature(
            name="r",
            type="number",
            storage=Storage(dtype="float64"),
            minimum=0,
            maximum=1,
        ),
        Feature(
            name="c", type="string", storage=Storage(dtype="str"), categories=("a",)
        ),
        Feature(name="t", type="string", storage=Storage(dtype="U")),
        Feature(name="b", type="boolean", storage=Storage(dtype="bool")),
        Feature(name="d", type="date-time", storage=Storage(dtype="datetime64[us]")),
    )
)
GOOD = {"n": 1, "r": 0.5, "c": "a", "t": "x", "b": True, "d": "2024-01-31T00:00:00"}


VIOLATIONS = [
    ("n", "1", "type"),
    ("n", 0, "range"),
    ("n", None, "null"),
    ("r", [], "type"),
    ("r", 2, "range"),
    ("c", "b", "category"),
    ("c", 1, "type"),
    ("t", 11 * "x", "length"),
    ("t", "x\0", "text"),
    ("b", 1, "type"),
    ("d", "today", "type"),
]


def find_fault(codec: Codec, row: Any) -> ContractViolationError:
    with pytest.raises(ContractViolationError) as caught:
        codec.load(json.dumps({"instances": [row] * 200}).encode())
    return caught.value


@pytest.mark.parametrize(("field", "value", "kind"), VIOLATIONS)
def test_what_is_named_is_counted_by_its_field_and_kind(
    field: str, value: Any, kind: str
) -> None:
    fault = find_fault(Codec(STRICT, LIMITS), {**GOOD, field: value})
    assert fault.counts == {(field, kind): LIMITS.max_errors}


def test_a_violation_keeps_its_kind_in_other_words() -> None:
    codec = Codec(STRICT, LIMITS)
    instances: Any = codec.schema.load_fields["instances"]
    for field in instances.inner.schema.load_fields.values():
        for key, sentence in field.error_messages.items():
            if isinstance(sentence, Violation):
                field.error_messages[key] = Violation(sentence.kind, "reworded")
        for validator in field.validators:
            validator.error = Violation(validator.error.kind, "reworded")
    for name, value, kind in VIOLATIONS:
        fault = find_fault(codec, {**GOOD, name: value})
        assert fault.counts == {(name, kind): LIMITS.max_errors}
        assert fault.remarks[0].message == "reworded"


@pytest.mark.parametrize(
    ("document", "counts"),
    [
        ({}, {("(body)", "missing"): 1}),
        ([], {("(body)", "type"): 1}),
        ({"instances": []}, {("(body)", "empty"): 1}),
        ({"instances": [1]}, {("(body)", "type"): 1}),
        ({"instances": [GOOD], "n": 1}, {("(body)", "unknown"): 1}),
        ({"instances": [{**GOOD, "x": 1, "y": 1}]}, {("(unknown)", "unknown"): 2}),
        ({"instances": [{k: GOOD[k] for k in "rctbd"}]}, {("n", "missing"): 1}),
    ],
)
def test_what_concerns_no_feature_is_counted_under_few_names(
    document: Any, counts: Any
) -> None:
    with pytest.raises(ContractViolationError) as caught:
        Codec(STRICT, LIMITS).load(json.dumps(document).encode())
    assert caught.value.counts == counts
