"""Where a key is looked for; what it then opens is in test_routes."""

import json

import pytest
from flask import Flask


@pytest.mark.parametrize("template", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_key_is_taken_from_authorization(
    app: Flask, keys: dict[str, str], template: str
) -> None:
    headers = {"Authorization": template.format(keys["predict"])}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize("user", ["", "anybody"])
def test_a_key_is_taken_as_a_password(
    app: Flask, keys: dict[str, str], user: str
) -> None:
    client = app.test_client()
    answer = client.get("/v1/model", auth=(user, keys["predict"]))
    assert answer.status_code == 200
    assert client.get("/v1/model", auth=(keys["predict"], "")).status_code == 401


def test_a_key_is_taken_from_its_own_header(app: Flask, keys: dict[str, str]) -> None:
    headers = {"X-API-Key": keys["predict"]}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "shown", ["", " ", "Basic dTpw", "Basic ?", "Basic \x80", "Basic /w==", "Bearer"]
)
def test_an_authorization_that_is_there_decides(
    app: Flask, keys: dict[str, str], shown: str
) -> None:
    headers = {"Authorization": shown, "X-API-Key": keys["predict"]}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/predict/", 404),
        ("GET", "/docs/../../etc/passwd", 404),
        ("GET", "/docs/absent.js", 404),
        ("GET", "/v1/predict", 405),
        ("OPTIONS", "/v1/predict", 405),
        ("DELETE", "/health", 405),
    ],
)
def test_what_matches_no_route_stays_what_it_is(
    app: Flask, method: str, path: str, status: int
) -> None:
    response = app.test_client().open(path, method=method)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert json.loads(response.data)["status"] == status
    assert ("Allow" in response.headers) is (status == 405)
