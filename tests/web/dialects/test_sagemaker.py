"""SageMaker's forms: rows without names, and a line for each instance."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

from service.app import create_app
from service.settings import Settings

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
ROWS = [record["instance"] for record in RECORDS]
PREDICTIONS = [record["prediction"] for record in RECORDS]
TYPICAL = ROWS[0]
JSON, LINES = "application/json", "application/jsonlines"


def write_csv(*rows: list[Any]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def post(
    client: FlaskClient, body: bytes, type_: str = "text/csv", accept: str = "*/*"
) -> TestResponse:
    headers = {"Content-Type": type_, "Accept": accept}
    return client.post("/invocations", data=body, headers=headers)


VALUES = [[*row.values()] for row in ROWS]
BODIES = {
    "CSV": (write_csv(*VALUES), "text/csv"),
    "CSV without a last newline": (write_csv(*VALUES)[:-1], "text/csv"),
    "CSV with a header": (write_csv([*TYPICAL], *VALUES), "text/csv; charset=utf-8"),
    "CSV with a header, shuffled": (
        write_csv([*TYPICAL][::-1], *[row[::-1] for row in VALUES]),
        "text/csv",
    ),
    "JSON Lines": (b"\n".join(map(orjson.dumps, ROWS)), LINES),
    "JSON Lines of lists": (
        b"".join(orjson.dumps(row) + b"\n" for row in VALUES),
        "application/x-ndjson",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_golden_records_are_answered(client: FlaskClient, name: str) -> None:
    answer = json.loads(post(client, *BODIES[name]).data)
    assert answer["predictions"] == PREDICTIONS


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_is_of_the_type_that_is_accepted(
    client: FlaskClient, name: str
) -> None:
    lines = post(client, *BODIES[name], accept=LINES)
    assert lines.content_type == LINES
    assert [*map(orjson.loads, lines.data.splitlines())] == PREDICTIONS
    table = post(client, *BODIES[name], accept="text/csv")
    assert table.mimetype == "text/csv"
    rows = [*csv.reader(io.StringIO(table.text))]  # without a header
    assert [row[0] for row in rows] == [each["label"] for each in PREDICTIONS]
    assert post(client, *BODIES[name], accept="application/x-npy").status_code == 406


@pytest.mark.parametrize(
    ("body", "type_", "status", "told"),
    [
        (write_csv([*TYPICAL][:-1]), "text/csv", 400, "all of them"),
        (write_csv(VALUES[0][:-1]), "text/csv", 400, "rows[0] has 12 fields"),
        (write_csv(VALUES[0], []), "text/csv", 400, "rows[1] has 1 fields"),
        (write_csv(VALUES[0][::-1]), "text/csv", 422, "rows[0].Income"),
        (b"", LINES, 400, "lines[0] is not JSON"),
        (b"5", LINES, 400, "lines[0] must be a list of 13 values"),
        (orjson.dumps(TYPICAL) + b"\n{}", LINES, 400, "lines[1] must have the fields"),
        (orjson.dumps({**TYPICAL, "Age": "x"}), LINES, 422, "lines[0].Age"),
        (
            orjson.dumps([*VALUES[0][:3], "x", *VALUES[0][4:]]),
            LINES,
            422,
            "lines[0][3]",
        ),
        (b"{}\n" * 10_001, LINES, 413, "more lines"),
        (b"[" + b"[]," * 200_000 + b"[]]", LINES, 413, "objects and lists"),
        (b"{}", "application/x-npy", 415, "application/jsonlines"),
    ],
    ids=range(12),
)
def test_what_is_wrong_is_named(
    client: FlaskClient, body: bytes, type_: str, status: int, told: str
) -> None:
    response = post(client, body, type_)
    assert response.status_code == status
    assert told in json.dumps(json.loads(response.data))


def test_the_default_answer_is_the_platforms(keys: dict[str, str]) -> None:
    settings = Settings(
        artefact=CREDIT, api_keys_file=Path(keys["file"]), invocations_accept="text/csv"
    )
    client = create_app(settings).test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    body = {"instances": ROWS[:1]}
    assert client.post("/invocations", json=body).mimetype == "text/csv"
    chosen = client.post("/invocations", json=body, headers={"Accept": JSON})
    assert chosen.mimetype == JSON
    assert client.post("/v1/predict", json=body).mimetype == JSON
