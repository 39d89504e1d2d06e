"""A fault of the service says nothing of the inside, and its log line says all."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Package
from flask import Flask
from flask.testing import FlaskClient
from proved_here import package_here
from service_log import Log
from sklearn.neighbors import RadiusNeighborsClassifier, RadiusNeighborsRegressor

from service.app import create_app
from service.settings import Settings
from service.web.errors import find_reason

BODY = {"instances": [{"x": 4111.5}, {"x": 2.5}]}


@pytest.fixture
def mood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mood"
    monkeypatch.setenv("MOOD_FILE", str(path))
    return path


@pytest.fixture
def app(packaged: Package, mood: Path, keys: dict[str, str]) -> Flask:
    return create_app(
        Settings(artefact=packaged("moody"), api_keys_file=Path(keys["file"]))
    )


@pytest.fixture
def asked(app: Flask, keys: dict[str, str]) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    client.environ_base["HTTP_X_REQUEST_ID"] = "fault-1"
    return client


@pytest.mark.parametrize(
    ("mood_text", "logged"),
    [
        ("nan", "instances[0] is NaN or infinite"),
        ("inf", "instances[0] is NaN or infinite"),
        ("raise", "moods.py"),
    ],
)
def test_a_fault_is_a_500_that_the_log_explains(
    asked: FlaskClient, mood: Path, log: Log, mood_text: str, logged: str
) -> None:
    assert asked.post("/v1/predict", json=BODY).status_code == 200
    mood.write_text(mood_text)
    response = asked.post("/v1/predict", json=BODY)

    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert json.loads(response.data) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The service could not answer; its log says why.",
        "request_id": "fault-1",
    }
    line = log.lines[-1]
    assert line["level"] == "ERROR"
    assert line["request_id"] == "fault-1"
    assert line["status"] == 500
    assert "Traceback" in line["fault"]
    assert logged in line["fault"]
    assert "4111.5" not in log.text


@pytest.mark.filterwarnings("ignore:One or more samples")
@pytest.mark.parametrize(
    "neighbours",
    [RadiusNeighborsRegressor(1.0), RadiusNeighborsClassifier(1.0)],
    ids=["predicts NaN", "raises"],
)
def test_an_instance_without_an_answer_is_a_422_that_names_it(
    neighbours: Any,
    tmp_path: Path,
    keys: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The pipeline is healthy, and knows no neighbour of that instance."""
    X = pd.DataFrame({"x": [0.0, 0.5, 4.0, 4.5], "z": [4.0, 4.5, 0.5, 0.0]})
    fitted = neighbours.fit(X, [0.0, 0.0, 1.0, 1.0])
    folder = package_here(fitted, X, name="radius", version="1.0.0", to=tmp_path)
    app = create_app(Settings(artefact=folder, api_keys_file=Path(keys["file"])))
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    near, far = {"x": 0.25, "z": 4.25}, {"x": 4.1259765625, "z": 4.1259765625}
    assert client.post("/v1/predict", json={"instances": 9 * [near]}).status_code == 200
    for index in (0, 4, 8):
        instances = [*index * [near], far, *(8 - index) * [near]]
        response = client.post("/v1/predict", json={"instances": instances})
        assert response.status_code == 422
        assert json.loads(response.data)["errors"] == [
            {
                "path": f"instances[{index}]",
                "message": "keeps the contract, and the model has no answer for it",
            }
        ]
    logged = capsys.readouterr().out
    assert json.loads(logged.splitlines()[-1])["level"] == "INFO"
    assert "4.1259765625" not in logged


def test_a_process_that_forgot_its_answers_says_why_it_is_not_ready(
    app: Flask, asked: FlaskClient, mood: Path
) -> None:
    assert asked.get("/health/ready").status_code == 200
    mood.write_text("shift")
    app.extensions["lifecycle"].readiness.prove()

    for path in ("/health", "/health/ready"):
        response = asked.get(path)
        assert response.status_code == 503
        assert (
            "Golden record 0 is answered otherwise"
            in json.loads(response.data)["detail"]
        )
        assert int(response.headers["Retry-After"]) > 0
    assert asked.get("/health/live").status_code == 200
    refused = asked.post("/v1/predict", json=BODY)
    assert refused.status_code == 503

    mood.unlink()
    app.extensions["lifecycle"].readiness.prove()
    assert asked.get("/health/ready").status_code == 200
    assert asked.post("/v1/predict", json=BODY).status_code == 200


class StrangeError(ValueError):
    """An exception of somebody's pipeline, which says why in words of its own."""

    def __init__(self, reason: object) -> None:
        super().__init__("strange")
        self.reason = reason


@pytest.mark.parametrize("reason", ["unknown plate 4111", ["plate"], ("a", "b"), None])
def test_a_reason_that_is_not_ours_is_no_label(reason: object) -> None:
    assert find_reason(StrangeError(reason), 500) == "fault"
