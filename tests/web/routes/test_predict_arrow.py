"""Arrow over HTTP: the answers of JSON, and a plain word where there is none of it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

from service.model.contract.arrow_stream import ARROW, NO_ARROW

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]
ROWS = [record["instance"] for record in GOLDEN]

# Run where pyarrow cannot be imported, whether it is installed or not.
WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from flask import Flask
from service.model.artefact.folder import read_artefact
from service.model.contract.arrow_stream import ARROW, has_arrow
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.web.media_types import ANSWERS
from service.web.routes.predict import OwnForm
assert not has_arrow() and ARROW not in ANSWERS
manifest = read_artefact(Path(sys.argv[1])).manifest
form = OwnForm(manifest, Codec(manifest.contract, UNBOUNDED), lambda _: {})
with Flask("x").test_request_context(method="POST", content_type=ARROW):
    form.read(b"")
"""


def post(client: FlaskClient, table: Any, **options: Any) -> TestResponse:
    from arrow_streams import write_arrow  # noqa: PLC0415 - it needs pyarrow

    return client.post(
        "/v1/predict", data=write_arrow(table, 64), content_type=ARROW, **options
    )


@pytest.fixture
def pa() -> Any:
    return pytest.importorskip("pyarrow")


def test_golden_records_are_answered_as_by_column(client: FlaskClient, pa: Any) -> None:
    table = pa.Table.from_pylist(ROWS)
    columns = {"columns": table.to_pydict()}
    expected = json.loads(client.post("/v1/predict", json=columns).data)
    found = json.loads(post(client, table).data)
    assert found["predictions"] == expected["predictions"]
    assert found["warnings"] == expected["warnings"]


@pytest.mark.parametrize("copies", [1, 40])
def test_an_answer_is_arrow_where_that_is_accepted(
    client: FlaskClient, pa: Any, copies: int
) -> None:
    answer = post(
        client, pa.Table.from_pylist(ROWS * copies), headers={"Accept": ARROW}
    )
    assert answer.content_type == ARROW
    table = pa.ipc.open_stream(answer.data).read_all()
    predictions = [record["prediction"] for record in GOLDEN] * copies
    assert table["label"].to_pylist() == [each["label"] for each in predictions]
    bad = [each["probabilities"]["bad"] for each in predictions]
    assert table["probabilities.bad"].to_pylist() == bad
    told = table.schema.metadata
    assert told[b"request_id"].decode() == answer.headers["X-Request-ID"]
    assert json.loads(told[b"warnings"])[0]["path"].startswith("columns.")


def test_json_may_be_answered_by_arrow(client: FlaskClient, pa: Any) -> None:
    answer = client.post(
        "/v1/predict", json={"instances": ROWS}, headers={"Accept": ARROW}
    )
    assert pa.ipc.open_stream(answer.data).read_all().num_rows == len(ROWS)


def test_a_wrong_value_is_named_by_its_place(client: FlaskClient, pa: Any) -> None:
    ages = [row["Age"] for row in ROWS[:3]] + [17]
    table = pa.Table.from_pylist([*ROWS[:3], ROWS[0]])
    table = table.set_column(
        table.column_names.index("Age"), "Age", pa.array([ages])[0].values
    )
    answer = post(client, table)
    assert answer.status_code == 422
    assert json.loads(answer.data)["errors"] == [
        {"path": "columns.Age[3]", "message": "must be between 18 and 120"}
    ]


def test_what_is_no_stream_is_400(client: FlaskClient, pa: Any) -> None:
    assert pa
    answer = client.post("/v1/predict", data=b"{}", content_type=ARROW)
    assert answer.status_code == 400
    assert "Arrow stream is cut short" in json.loads(answer.data)["detail"]


def test_what_is_answered_in_arrow_is_published(client: FlaskClient, pa: Any) -> None:
    assert pa
    document = json.loads(client.get("/openapi.json").data)
    predict = document["paths"]["/v1/predict"]["post"]
    assert ARROW in predict["responses"]["200"]["content"]
    assert ARROW in predict["description"]


def test_without_pyarrow_it_is_said_that_there_is_no_arrow() -> None:
    run = [sys.executable, "-c", WITHOUT, str(CREDIT)]
    child = subprocess.run(run, capture_output=True, text=True, check=False)
    assert child.stderr.splitlines()[-1].endswith(NO_ARROW), child.stderr
