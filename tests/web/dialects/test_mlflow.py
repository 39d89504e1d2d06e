"""MLflow's protocol: each form of a request has v1's answer, and names its own places.

Bodies as its client and pandas write them; others after its own tests of a server.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
ROWS = [record["instance"] for record in RECORDS]
TYPICAL = ROWS[0]
NAMES = [*TYPICAL]
NAN = float("nan")

Rows = list[dict[str, Any]]


def split(rows: Rows) -> dict[str, Any]:
    names = [*rows[0]]
    data = [[row[name] for name in names] for row in rows]
    index = list(range(len(rows)))
    return {"dataframe_split": {"index": index, "columns": names, "data": data}}


def list_values(rows: Rows) -> list[list[Any]]:
    return [[row[name] for name in NAMES] for row in rows]


FORMS: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "dataframe_split": split,
    "dataframe_split, shuffled": lambda rows: split(
        [dict(reversed(row.items())) for row in rows]
    ),
    "dataframe_records": lambda rows: {"dataframe_records": rows},
    "instances": lambda rows: {"instances": rows, "params": {}},
    "instances by position": lambda rows: {"instances": list_values(rows)},
    "inputs by row": lambda rows: {"inputs": rows, "params": None},
    "inputs by position": lambda rows: {"inputs": list_values(rows)},
    "inputs by column": lambda rows: {
        "inputs": {name: [row[name] for row in rows] for name in rows[0]}
    },
}
PLACES = {
    "dataframe_split": "dataframe_split.data[1][3]",
    "dataframe_split, shuffled": "dataframe_split.data[1][9]",
    "dataframe_records": "dataframe_records[1].Age",
    "instances": "instances[1].Age",
    "instances by position": "instances[1][3]",
    "inputs by row": "inputs[1].Age",
    "inputs by position": "inputs[1][3]",
    "inputs by column": "inputs.Age[1]",
}


def post(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    options.setdefault("content_type", "application/json")
    return client.post("/invocations", data=data, **options)


def read(response: TestResponse) -> Any:
    return json.loads(response.data)


@pytest.mark.parametrize("form", FORMS)
def test_golden_records_are_answered(client: FlaskClient, form: str) -> None:
    answer = read(post(client, FORMS[form](ROWS)))
    assert answer["predictions"] == [record["prediction"] for record in RECORDS]


@pytest.mark.parametrize("form", FORMS)
def test_a_nan_is_a_null_where_the_feature_takes_one(
    client: FlaskClient, form: str
) -> None:
    with_nan = post(client, FORMS[form]([{**TYPICAL, "Income": NAN}]))
    with_null = post(client, FORMS[form]([{**TYPICAL, "Income": None}]))
    assert read(with_nan) == read(with_null)
    assert with_nan.status_code == 200
    infinite = FORMS[form]([{**TYPICAL, "Income": -float("inf")}])
    assert post(client, infinite).status_code == 400


@pytest.mark.parametrize("form", FORMS)
def test_a_place_is_named_as_the_caller_wrote_it(
    client: FlaskClient, form: str
) -> None:
    response = post(client, FORMS[form]([TYPICAL, {**TYPICAL, "Age": "thirty"}]))
    assert response.status_code == 422
    [error] = read(response)["errors"]
    assert error == {"path": PLACES[form], "message": "must be an integer"}
    strange = FORMS[form]([TYPICAL, {**TYPICAL, "Home": "castle"}])
    [warning] = read(post(client, strange))["warnings"]
    assert warning["path"].startswith(re.split("[ ,]", form, maxsplit=1)[0])


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "inputs"])
def test_columns_that_are_missing_or_unknown_are_named(
    client: FlaskClient, form: str
) -> None:
    row = {**TYPICAL, "Shoes": 1}
    del row["Age"]
    make = FORMS.get(form, FORMS["inputs by column"])
    errors = read(post(client, make([row])))["errors"]
    assert {each["path"].rpartition(".")[2] for each in errors} == {"Age", "Shoes"}
    assert all(each["path"].startswith(form) for each in errors)


FRAME = split([TYPICAL])["dataframe_split"]
RAGGED = {key: value for key, value in TYPICAL.items() if key != "Age"}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"1", b'"1"', b"[1]", b"{", b"{}", b'{"params": {}}', b"\xff"),
        {"dataframe": [TYPICAL]},
        {"instances": [TYPICAL], "inputs": [TYPICAL]},
        {"instances": [TYPICAL], "signature_name": "x"},
        {"instances": [TYPICAL], "params": {"threshold": 0.5}},
        {"dataframe_records": FRAME},
        {"dataframe_records": [TYPICAL, RAGGED]},
        {"dataframe_records": [TYPICAL, 5]},
        {"dataframe_records": []},
        {"dataframe_split": [TYPICAL]},
        {"dataframe_split": {**FRAME, "columns": 5}},
        {"dataframe_split": {**FRAME, "columns": [*NAMES[:-1], NAMES[0]]}},
        {"dataframe_split": {**FRAME, "columns": [*NAMES[:-1], []]}},
        {"dataframe_split": {**FRAME, "data": [*FRAME["data"], [1]]}},
        {"dataframe_split": {**FRAME, "data": [*FRAME["data"], TYPICAL]}},
        {"dataframe_split": {**FRAME, "data": []}},
        {"dataframe_split": {**FRAME, "data": {}}},
        {"dataframe_split": {**FRAME, "dtypes": []}},
        *({"instances": 5}, {"instances": None}, {"inputs": "x"}, {"inputs": [5]}),
        b'{"instances": [], "instances": []}',
        b'{"instances": [{"Age": 1, "Age": 2}]}',
    ],
)
def test_what_is_no_request_is_400_and_never_guessed(
    client: FlaskClient, body: Any
) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"


def test_too_many_rows_are_413(client: FlaskClient) -> None:
    body = {"inputs": list_values([TYPICAL]) * 10_001}
    assert post(client, body).status_code == 413


def test_the_charset_is_utf_8(client: FlaskClient) -> None:
    body = split([TYPICAL])
    good = post(client, body, content_type="application/json; charset=UTF-8")
    assert good.status_code == 200
    for type_ in ("application/json; charset=latin-1", "application/x-npy", ""):
        assert post(client, body, content_type=type_).status_code == 415


def test_it_is_there_and_says_which_version(client: FlaskClient) -> None:
    assert (client.get("/ping").status_code, client.get("/ping").text) == (200, "\n")
    assert client.get("/version").text == "1.0.0"
    assert client.get("/health").status_code == 200


def test_many_unknown_columns_of_a_frame_are_told_of_as_of_rows(
    client: FlaskClient,
) -> None:
    row = {**{f"u{index}": 1 for index in range(300)}, **TYPICAL}
    bodies = {
        "/v1/predict": {"instances": [row]},
        "/invocations": split([row]),
    }
    told = []
    for path, body in bodies.items():
        errors = client.post(path, json=body).get_json()["errors"]
        told.append([each["message"] for each in errors])
    assert told[0] == told[1]
    assert told[0][-1] == "and more"
