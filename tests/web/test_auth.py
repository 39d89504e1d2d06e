"""Without a key nothing that is guarded answers, whatever the key's place or shape."""

import json

import pytest
from flask import Flask

GUARDED = [("POST", "/v1/predict"), ("GET", "/v1/model")]
PUBLIC = ["/health", "/health/live", "/health/ready", "/openapi.json", "/docs"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer msk_0_x"},
        {"Authorization": "Bearer msk"},
        {"Authorization": "Bearer é"},
        {"Authorization": "Basic dTpw"},
        {"X-API-Key": "msk_0_x"},
        {"X-API-Key": "\udcff"},
        {"X-API-Key": "msk_" + "x" * 8000},
    ],
)
def test_no_key_or_a_wrong_one_is_401(
    app: Flask, method: str, path: str, headers: dict[str, str]
) -> None:
    response = app.test_client().open(path, method=method, headers=headers)
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_key_with_another_secret_is_401(
    app: Flask, keys: dict[str, str], method: str, path: str
) -> None:
    forged = keys["predict"][:-1] + ("a" if keys["predict"][-1] != "a" else "b")
    response = app.test_client().open(
        path, method=method, headers={"X-API-Key": forged}
    )
    assert response.status_code == 401


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_key_that_lacks_the_scope_is_403(
    app: Flask, keys: dict[str, str], method: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {keys['metrics']}"}
    response = app.test_client().open(path, method=method, headers=headers)
    assert response.status_code == 403
    assert "'predict'" in json.loads(response.data)["detail"]


@pytest.mark.parametrize("template", ["Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_key_is_taken_from_authorization(
    app: Flask, keys: dict[str, str], template: str
) -> None:
    headers = {"Authorization": template.format(keys["predict"])}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 200


def test_a_key_is_taken_from_its_own_header(app: Flask, keys: dict[str, str]) -> None:
    headers = {"X-API-Key": keys["predict"]}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize("shown", ["", " ", "Basic dTpw", "Bearer"])
def test_an_authorization_that_is_there_decides(
    app: Flask, keys: dict[str, str], shown: str
) -> None:
    headers = {"Authorization": shown, "X-API-Key": keys["predict"]}
    assert app.test_client().get("/v1/model", headers=headers).status_code == 401


@pytest.mark.parametrize("path", PUBLIC)
def test_health_and_the_contract_need_no_key(app: Flask, path: str) -> None:
    assert app.test_client().get(path, buffered=True).status_code == 200


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
