"""A row is the same, and wrong at the same places, in whichever form it comes.

Held against POST /v1/predict by row, on values that keep a contract and that break it.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from contracts import FEATURES, NARROW, VALUES
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.contract.codec import Codec
from service.model.contract.csv_form import ROWS, CsvReader, place_in_csv
from service.model.contract.document import Document
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.value_types import compile_type
from service.model.errors import ContractViolationError
from service.web.dialects.mlflow import MLflow
from service.web.dialects.sagemaker import SageMaker
from service.web.dialects.vertex import Vertex
from service.web.media_types import ANSWERS, CSV, JSON

CONTRACT = Contract(
    features=tuple(
        msgspec.structs.replace(feature, name=f"f{index}")
        for index, feature in enumerate(FEATURES)
    )
)
NAMES = [feature.name for feature in CONTRACT.features]
CODEC = Codec(CONTRACT, NARROW)
APP = Flask("forms")

Rows = Sequence[Sequence[Any]]
Outcome = tuple[str, Any]


@dataclass(frozen=True)
class Form:
    """How rows are written, read and named: a place is of a row and of a column."""

    write: Callable[[Rows], Any]
    read: Callable[[bytes], Document]
    place: str
    type: str = JSON


def read_csv(body: bytes) -> Document:
    columns = CsvReader(CONTRACT, NARROW.max_instances).read(body, needs_header=True)
    return CODEC.read_columns(columns, place_in_csv, ROWS)


def name_values(rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def turn(rows: Rows) -> dict[str, list[Any]]:
    return dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))


def split(rows: Rows) -> dict[str, Any]:
    return {"dataframe_split": {"columns": NAMES, "data": rows}}


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def write_csv(rows: Rows) -> bytes:
    return "".join(f"{','.join(map(write_text, row))}\r\n" for row in rows).encode()


def write_text(value: Any) -> str:
    """Write a value, texts in quotes, so that an empty one is told from a null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"{}"'.format(value.replace('"', '""'))
    return json.dumps(value)


mlflow, sagemaker = MLflow(CODEC, ANSWERS), SageMaker(CODEC, ANSWERS)
vertex = Vertex(CODEC)


def read_mlflow(body: bytes) -> Document:
    return mlflow.read(body).document


def read_sagemaker(body: bytes) -> Document:
    return sagemaker.read(body).document


FORMS = {
    "columns": Form(
        lambda rows: {"columns": turn(rows)}, CODEC.decode, "columns.{1}[{0}]"
    ),
    "split": Form(split, read_mlflow, "dataframe_split.data[{0}][{2}]"),
    "records": Form(
        lambda rows: {"dataframe_records": name_values(rows)},
        read_mlflow,
        "dataframe_records[{0}].{1}",
    ),
    "inputs": Form(lambda rows: {"inputs": turn(rows)}, read_mlflow, "inputs.{1}[{0}]"),
    "positions": Form(
        lambda rows: {"instances": rows}, read_mlflow, "instances[{0}][{2}]"
    ),
    "vertex": Form(
        lambda rows: {"instances": name_values(rows)},
        lambda body: vertex.read(body).document,
        "instances[{0}].{1}",
    ),
    "lines": Form(
        lambda rows: b"\n".join(map(encode, name_values(rows))),
        read_sagemaker,
        "lines[{0}].{1}",
        "application/jsonlines",
    ),
    "CSV": Form(lambda rows: write_csv([NAMES, *rows]), read_csv, "rows[{0}].{1}", CSV),
    "CSV without a header": Form(write_csv, read_sagemaker, "rows[{0}].{1}", CSV),
}

POOL: list[Any] = [
    *(None, True, 0, 1, -7, 1.0, 2.5, -0.0, 2**53 + 1, "a", "b", "", "abc", "long"),
    *("2024-01-31", "2024-01-31T09:30:00", "2024-01-31T09:30:00Z"),
]


def list_valid(feature: Feature) -> list[Any]:
    type_ = compile_type(feature, NARROW.max_string_length)
    return [value for value in POOL if type_.accepts(value)]


VALID = st.tuples(*(st.sampled_from(list_valid(each)) for each in CONTRACT.features))
ANY = st.tuples(*[VALUES] * len(NAMES))
# Each row is valid, or has one value of any kind, or many.
MIXED = st.builds(
    lambda row, value, at: (*row[:at], value, *row[at + 1 :]),
    VALID,
    VALUES,
    st.integers(0, len(NAMES) - 1),
)


def read(form: Form, rows: Rows) -> Outcome:
    """Return what comes of rows: their columns, or what is wrong with them."""
    written = form.write(rows)
    body = written if isinstance(written, bytes) else encode(written)
    with APP.test_request_context(content_type=form.type):
        document = form.read(body)
    try:
        instances = CODEC.validate(document)
    except ContractViolationError as error:
        return "wrong", {(each.path, each.message) for each in error.remarks}
    warnings = {(each.path, each.message) for each in instances.warnings}
    return repr([list(column) for column in instances.columns]), warnings


def rename(outcome: Outcome, form: Form) -> Outcome:
    """Return an outcome with the places of a form."""
    told, remarks = outcome
    places = [(re.split(r"[\[\].]+", path)[1:], told) for path, told in remarks]
    return told, {
        (form.place.format(row, name, NAMES.index(name)), message)
        for (row, name), message in places
    }


OWN = Form(
    lambda rows: {"instances": name_values(rows)}, CODEC.decode, "instances[{0}].{1}"
)


def is_text(feature: Feature, value: Any) -> bool:
    """Return True if a text can be such a value, and means no other of the feature."""
    if isinstance(value, str):
        return "\0" not in value
    is_number = feature.type in ("number", "integer") and type(value) in (int, float)
    return value is None or is_number or (feature.type == "boolean" and value is True)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=40, derandomize=True)
@given(rows=st.lists(VALID | MIXED | ANY, min_size=1, max_size=3))
def test_each_form_has_the_outcome_of_the_first(name: str, rows: Rows) -> None:
    form = FORMS[name]
    if form.type == CSV:
        rows = [
            [
                value if is_text(feature, value) else None
                for feature, value in zip(CONTRACT.features, row, strict=True)
            ]
            for row in rows
        ]
    assert read(form, rows) == rename(read(OWN, rows), form)


def test_a_default_that_training_did_not_see_has_a_place_in_a_split() -> None:
    storage = Storage(dtype="object")
    seen = Observed(categories=("a",))
    novel = Feature(
        *("novel", "string"), storage, required=False, default="b", observed=seen
    )
    codec = Codec(Contract(features=(Feature("x", "string", storage), novel)), NARROW)
    body = b'{"dataframe_split": {"columns": ["x"], "data": [["a"]]}}'
    with APP.test_request_context(content_type=JSON):
        document = MLflow(codec, ANSWERS).read(body).document
    [warning] = codec.validate(document).warnings
    assert warning.path == "dataframe_split.data[0].novel"


WITH_DEFAULT = Feature(
    "x", "string", Storage(dtype="object"), required=False, default="b"
)
FREE = Codec(Contract(features=(WITH_DEFAULT,), unknown_fields="ignore"), NARROW)


@pytest.mark.parametrize("rows", [[{}, {}], [{"other": 1}, {"other": 2}]])
@pytest.mark.parametrize("key", ["instances", "dataframe_records", "inputs"])
def test_rows_of_defaults_alone_are_answered(key: str, rows: Any) -> None:
    with APP.test_request_context(content_type=JSON):
        document = MLflow(FREE, ANSWERS).read(encode({key: rows})).document
    assert document.count == 2
    assert [*map(list, FREE.validate(document).columns)] == [["b", "b"]]


@pytest.mark.parametrize("columns", [{}, {"other": [1, 2]}])
def test_columns_of_no_feature_have_no_rows(columns: Any) -> None:
    documents = [FREE.decode(encode({"columns": columns}))]
    with APP.test_request_context(content_type=JSON):
        body = encode({"inputs": columns})
        documents.append(MLflow(FREE, ANSWERS).read(body).document)
    for document in documents:
        with pytest.raises(ContractViolationError) as refusal:
            FREE.validate(document)
        [remark] = refusal.value.remarks
        assert remark.message == "must not be empty"
