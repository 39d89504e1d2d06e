"""KServe's v1 protocol: the same answers, bare."""

import json

import pytest
from flask.testing import FlaskClient
from traffic import TYPICAL

PREDICT = "/v1/models/credit-risk:predict"


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [TYPICAL["instance"]] * 2},
        {"columns": {name: [value] for name, value in TYPICAL["instance"].items()}},
    ],
    ids=["by row", "by column"],
)
def test_predictions_are_those_of_v1(client: FlaskClient, body: object) -> None:
    own = json.loads(client.post("/v1/predict", json=body).data)
    assert json.loads(client.post(PREDICT, json=body).data) == {
        "predictions": own["predictions"]
    }


def test_what_is_not_answered_is_refused(client: FlaskClient) -> None:
    body = {"instances": [TYPICAL["instance"]], "parameters": {"threshold": 0.5}}
    response = client.post(PREDICT, json=body)
    assert response.status_code == 422
    problem = json.loads(response.data)
    assert [each["path"] for each in problem["errors"]] == ["parameters"]
    assert "parameters" in problem["error"]


def test_it_is_ready(client: FlaskClient) -> None:
    answer = json.loads(client.get("/v1/models/credit-risk").data)
    assert answer == {"name": "credit-risk", "ready": True}
    assert client.get("/v1/models/other").status_code == 404
