"""A request by column is read as the same by row, and refused at the same places."""

import json
import re
from typing import Any

import pytest
from contracts import FEATURES, NARROW, VALUES
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.instances import Predictions
from service.model.contract.prediction_form import (
    PredictionForm,
    form_labels,
    form_values,
)
from service.model.errors import (
    ContractViolationError,
    MalformedJsonError,
    TooManyInstancesError,
)

IN_COLUMN = re.compile(r"columns\.(.*)\[(\d+)\]")


def read(codec: Codec, document: Any) -> Any:
    """Return the columns and warnings of a request, or its faults, by their rows."""
    try:
        found = codec.load(json.dumps(document).encode())
    except ContractViolationError as error:
        return sorted((to_row(each.path), str(each.message)) for each in error.remarks)
    warnings = sorted((to_row(each.path), each.message) for each in found.warnings)
    return [[repr(v) for v in column] for column in found.columns], warnings


def to_row(path: str) -> str:
    """Return the path of a value by row."""
    return IN_COLUMN.sub(r"instances[\2].\1", path)


CODECS = [
    Codec(Contract((replace(each, name="f"), replace(each, name="g"))), NARROW)
    for each in FEATURES
]


@pytest.mark.parametrize("codec", CODECS, ids=range(len(CODECS)))
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4))
def test_columns_are_read_as_rows_are(
    codec: Codec, rows: list[tuple[Any, Any]]
) -> None:
    by_row = {"instances": [{"f": f, "g": g} for f, g in rows]}
    f, g = map(list, zip(*rows, strict=True))
    assert read(codec, {"columns": {"g": g, "f": f}}) == read(codec, by_row)


def make_codec(**options: Any) -> Codec:
    age = Feature(
        name="Age",
        type="integer",
        storage=Storage(dtype="int64"),
        observed=Observed(minimum=18, maximum=68),
    )
    home = Feature(
        name="Home",
        type="string",
        storage=Storage(dtype="object"),
        observed=Observed(nulls=1),
        required=False,
        nullable=True,
    )
    return Codec(Contract((age, home), **options), NARROW)


@pytest.mark.parametrize(
    ("columns", "faults"),
    [
        ({}, [("columns.Age", "is required")]),
        ({"Age": []}, [("columns.Age", "must not be empty")]),
        ({"Age": None}, [("columns.Age", "must be a list")]),
        ({"Age": 30}, [("columns.Age", "must be a list")]),
        (
            {"Age": [30], "Home": ["a", "b"]},
            [("columns.Age", "must have 2 values, as others have")],
        ),
        (
            {"Age": [30], "Size": [1]},
            [("columns.Size", "is not a feature of this model")],
        ),
        ([], [("columns", "must be an object with a list for each feature")]),
        (None, [("columns", "must be an object with a list for each feature")]),
    ],
)
def test_what_is_no_column_is_told(columns: Any, faults: list[Any]) -> None:
    assert read(make_codec(), {"columns": columns}) == faults


def test_the_place_of_a_value_is_in_its_column() -> None:
    body = json.dumps({"columns": {"Age": [*[30] * 200, "x"]}}).encode()
    with pytest.raises(ContractViolationError) as refused:
        make_codec().load(body)
    assert [each.path for each in refused.value.remarks] == ["columns.Age[200]"]
    assert refused.value.counts == {("Age", "type"): 1}


def test_a_column_may_be_left_out_or_ignored() -> None:
    found = make_codec(unknown_fields="ignore").load(
        b'{"columns": {"Age": [30, 99], "Size": [1, 2, 3]}}'
    )
    assert found.count == 2
    assert found.columns == ([30, 99], [None, None])
    assert [each.path for each in found.warnings] == ["columns.Age[1]", "columns.Size"]


def test_what_is_not_named_any_more_is_told_of_the_columns() -> None:
    ages = {"columns": {"Age": ["x"] * (NARROW.max_errors + 1)}}
    assert ("columns", "and more") in read(make_codec(), ages)
    found = make_codec().load(b'{"columns": {"Age": [%s]}}' % b",".join([b"99"] * 103))
    assert (found.warnings[-1].path, found.warnings[-1].message) == (
        "columns",
        "and 3 more",
    )


def test_both_forms_at_once_are_refused() -> None:
    faults = read(make_codec(), {"instances": [{"Age": 30}], "columns": {"Age": [30]}})
    assert faults == [("columns", "is not expected here")]
    faults = read(make_codec(), {"columns": {"Age": [30]}, "rows": 1})
    assert faults == [("rows", "is not expected here")]


def test_a_column_twice_is_refused() -> None:
    with pytest.raises(MalformedJsonError, match="'Age' occurs twice"):
        make_codec().load(b'{"columns": {"Age": [30], "Home": ["a"], "Age": [31]}}')


def test_the_longest_column_counts() -> None:
    long = {"columns": {"Age": [30], "Home": ["a"] * (NARROW.max_instances + 1)}}
    with pytest.raises(TooManyInstancesError):
        make_codec().decode(json.dumps(long).encode())


def test_a_model_of_mappings_takes_none() -> None:
    open_codec = Codec(Contract((), table="mapping"), NARROW)
    faults = read(open_codec, {"columns": {"Age": [30]}})
    assert ("columns", "is not expected here") in faults


SEVERAL = PredictionForm(
    outputs={"a": form_labels(("x", "y")), "b": form_labels(("x", "y"), "scores")}
)


@pytest.mark.parametrize(
    ("form", "labels", "numbers", "written"),
    [
        (form_values(["value"]), None, [[1.5], [2.5]], {"value": [1.5, 2.5]}),
        (
            form_values(["a", "b"]),
            None,
            [[1.5, 0.5], [2.5, 0.25]],
            {"values": {"a": [1.5, 2.5], "b": [0.5, 0.25]}},
        ),
        (form_labels(("x", "y")), ["y", "x"], None, {"label": ["y", "x"]}),
        (
            form_labels(("x", "y"), "probabilities"),
            ["y"],
            [[0.25, 0.75]],
            {"label": ["y"], "probabilities": {"x": [0.25], "y": [0.75]}},
        ),
        (
            SEVERAL,
            [["x", "y"], ["y", "y"]],
            [[0.25, 0.75], [0.5, 0.5]],
            {
                "outputs": {
                    "a": {"label": ["x", "y"]},
                    "b": {
                        "label": ["y", "y"],
                        "scores": {"x": [0.25, 0.5], "y": [0.75, 0.5]},
                    },
                }
            },
        ),
    ],
)
def test_predictions_are_written_by_column(
    form: PredictionForm, labels: Any, numbers: Any, written: Any
) -> None:
    assert Predictions(form, labels, numbers).to_columns() == written
