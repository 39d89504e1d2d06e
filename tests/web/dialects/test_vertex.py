"""Vertex AI's requests, on the routes that its environment names."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from pipelines import CREDIT

from service.app import create_app
from service.settings import Settings

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
ROWS = [record["instance"] for record in RECORDS]
TYPICAL = ROWS[0]

# As it names them, if nobody does.
DEPLOYED = "/v1/endpoints/123/deployedModels/456"


def start(keys: dict[str, str], **options: Any) -> FlaskClient:
    file = Path(keys["file"])
    app = create_app(Settings(artefact=CREDIT, api_keys_file=file, **options))
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    return client


@pytest.fixture(scope="module")
def vertex(keys: dict[str, str]) -> FlaskClient:
    return start(
        keys,
        vertex_health_route=DEPLOYED,
        vertex_predict_route=f"{DEPLOYED}:predict",
    )


def test_golden_records_are_answered(vertex: FlaskClient) -> None:
    wanted = {"predictions": [record["prediction"] for record in RECORDS]}
    for rows in (ROWS, [[*row.values()] for row in ROWS]):
        more: dict[str, Any]
        for more in ({}, {"parameters": {}}, {"parameters": None}):
            answer = vertex.post(
                f"{DEPLOYED}:predict", json={"instances": rows, **more}
            )
            assert json.loads(answer.data) == wanted


def test_it_is_healthy(vertex: FlaskClient) -> None:
    assert vertex.get(DEPLOYED, headers={"X-API-Key": ""}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"instances": [TYPICAL], "parameters": {"a": 1}}, 400, "parameters must be"),
        ({"instances": [TYPICAL], "signature": "x"}, 400, "and no more"),
        ({"instances": []}, 400, "at least one"),
        ({}, 400, "instances must be a list"),
        ([TYPICAL], 400, "must be an object"),
        ({"instances": [{**TYPICAL, "Age": "x"}]}, 422, "instances[0].Age"),
    ],
)
def test_what_is_wrong_is_named(
    vertex: FlaskClient, body: Any, status: int, told: str
) -> None:
    response = vertex.post(f"{DEPLOYED}:predict", json=body)
    assert response.status_code == status
    assert told in response.text


def test_a_health_route_that_there_is_stays_as_it_is(keys: dict[str, str]) -> None:
    client = start(keys, vertex_health_route="/ping", vertex_predict_route="/predict")
    assert client.get("/ping").text == "\n"
    assert client.post("/predict", json={"instances": ROWS[:1]}).status_code == 200


def test_its_routes_are_published(vertex: FlaskClient) -> None:
    document = json.loads(vertex.get("/openapi.json").data)
    validate(document)
    assert "get" in document["paths"][DEPLOYED]
    assert "post" in document["paths"][f"{DEPLOYED}:predict"]


@pytest.mark.parametrize("route", ["/metrics", "/v1/model", "/v1/predict"])
def test_a_health_route_that_is_no_probe_stops_the_start(
    keys: dict[str, str], route: str
) -> None:
    """It needs a key, or takes no GET."""
    with pytest.raises(SystemExit, match=r"AIP_HEALTH_ROUTE is .* no probe of health"):
        start(keys, vertex_health_route=route)


@pytest.mark.parametrize("route", ["/v1/predict", "/v1/models/credit-risk:predict"])
def test_a_route_of_predictions_that_is_taken_stops_the_start(
    keys: dict[str, str], route: str
) -> None:
    with pytest.raises(SystemExit, match=r"AIP_PREDICT_ROUTE is .* a route already"):
        start(keys, vertex_predict_route=route)
