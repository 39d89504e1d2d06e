"""CSV in and out: the same answers as JSON's, refused at the same places."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
ROWS = [record["instance"] for record in RECORDS]
TYPICAL = ROWS[0]
COLUMNS = ("label", "probabilities.bad", "probabilities.good")
JSON_LINES = ("application/jsonlines", "application/x-ndjson")


def write_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write rows as pandas does: a null is an empty field."""
    file = io.StringIO()
    writer = csv.DictWriter(file, [*rows[0]])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def post(client: FlaskClient, body: bytes, **headers: str) -> TestResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    said = {"Content-Type": "text/csv", **names}
    return client.post("/v1/predict", data=body, headers=said)


def test_golden_records_are_answered_alike(client: FlaskClient) -> None:
    columns = {name: [row[name] for row in ROWS] for name in TYPICAL}
    own = client.post("/v1/predict", json={"columns": columns}).json
    shuffled = [dict(reversed(row.items())) for row in ROWS]
    for rows in (ROWS, shuffled):
        answer = post(client, write_csv(rows)).json
        assert answer is not None
        assert own is not None
        assert answer["predictions"] == own["predictions"]


def test_an_answer_in_csv_has_a_column_for_each_part(client: FlaskClient) -> None:
    response = post(client, write_csv(ROWS), Accept="text/csv, */*;q=0.1")
    assert response.mimetype == "text/csv"
    header, *rows = csv.reader(io.StringIO(response.text))
    assert tuple(header) == COLUMNS
    for row, record in zip(rows, RECORDS, strict=True):
        wanted = record["prediction"]
        assert row[0] == wanted["label"]
        assert [*map(float, row[1:])] == [*wanted["probabilities"].values()]


@pytest.mark.parametrize("type_", JSON_LINES)
def test_an_answer_in_json_lines_has_a_line_for_each_instance(
    client: FlaskClient, type_: str
) -> None:
    response = client.post(
        "/v1/predict", json={"instances": ROWS}, headers={"Accept": type_}
    )
    assert response.content_type == type_
    lines = [orjson.loads(line) for line in response.data.splitlines()]
    assert lines == [record["prediction"] for record in RECORDS]


@pytest.mark.parametrize("accept", ["*/*", "", "application/*", "text/html,*/*;q=0.8"])
def test_the_answer_is_json_unless_another_is_wanted(
    client: FlaskClient, accept: str
) -> None:
    assert post(client, write_csv(ROWS), Accept=accept).mimetype == "application/json"


def test_what_is_not_offered_is_406(client: FlaskClient) -> None:
    response = post(client, write_csv(ROWS), Accept="application/xml")
    assert response.status_code == 406
    assert response.mimetype == "application/problem+json"
    assert "text/csv" in json.loads(response.data)["detail"]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"Age": "thirty"}, "rows[1].Age", "must be an integer"),
        ({"Age": "30.5"}, "rows[1].Age", "must be an integer"),
        ({"Age": " 30"}, "rows[1].Age", "must be an integer"),
        ({"Age": "17"}, "rows[1].Age", "must be between 18 and 120"),
        ({"Income": "nan"}, "rows[1].Income", "must be a number"),
        ({"Income": "1e400"}, "rows[1].Income", "must be a number"),
        ({"Income": "x" * 2**22}, "rows[1].Income", "must be a number"),
    ],
    ids=range(7),
)
def test_what_a_text_cannot_be_is_refused_at_its_place(
    client: FlaskClient, changes: dict[str, str], path: str, message: str
) -> None:
    response = post(client, write_csv([TYPICAL, {**TYPICAL, **changes}]))
    assert response.status_code == 422
    [error] = json.loads(response.data)["errors"]
    assert error["path"] == path
    assert message in error["message"]


def test_an_integer_is_exact(client: FlaskClient) -> None:
    rows = [{**TYPICAL, "Seniority": 2**53 + 1}]
    answer = json.loads(post(client, write_csv(rows)).data)
    [warning] = answer["warnings"]
    assert warning["path"] == "rows[0].Seniority"


def test_a_column_that_is_missing_or_unknown_is_named(client: FlaskClient) -> None:
    row = {**TYPICAL, "Shoes": 1}
    del row["Age"]
    errors = json.loads(post(client, write_csv([row])).data)["errors"]
    assert {each["path"] for each in errors} == {"header.Age", "header.Shoes"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((b"", 400), (b"\xff", 400), (b"a,b\n1,2\n", 400), (b"\0", 400)),
        (write_csv([TYPICAL]) + b"1,2\r\n", 400),
        (write_csv([TYPICAL]) + b'"', 400),
        (write_csv([TYPICAL]).splitlines(keepends=True)[0], 400),
        (b"\xef\xbb\xbf" + write_csv([TYPICAL]), 400),
        (write_csv([TYPICAL]) + b"\n" * 10_001, 413),
        (b"Age" + b"," * (8 * 2**20 - 3), 400),
        (b'Age\n"' + b"a" * (8 * 2**20 - 5), 400),
        (b'"' * 8 * 2**20, 400),
        (b"a" * (8 * 2**20 + 1), 413),
    ],
    ids=range(13),
)
def test_a_body_that_is_no_table_is_refused(
    client: FlaskClient, body: bytes, status: int
) -> None:
    response = post(client, body)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("type_", ["text/csv; charset=latin-1", "text/tsv", "text/*"])
def test_another_type_is_415(client: FlaskClient, type_: str) -> None:
    response = post(client, write_csv([TYPICAL]), Content_Type=type_)
    assert response.status_code == 415
    assert "application/json or text/csv" in json.loads(response.data)["detail"]
