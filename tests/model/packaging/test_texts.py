"""Pipelines fitted on texts, and on dicts, from packaging to an answer over HTTP."""

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from conftest import Package
from flask.testing import FlaskClient
from pipelines import FITTED, Fitted
from proved_here import package_here
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from service.app import create_app
from service.model.artefact.folder import read_artefact
from service.settings import Settings

TEXT = "The wine was grown in the same region in Italy by three cultivators."


def build_client(folder: Path, keys: dict[str, str], **changes: Any) -> FlaskClient:
    file = Path(keys["file"])
    settings = Settings(artefact=folder, api_keys_file=file, **changes)
    client = create_app(settings).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['predict']}"
    return client


@pytest.fixture(scope="module")
def texts() -> Fitted:
    return FITTED["texts"]()


@pytest.fixture
def ask(packaged: Package, keys: dict[str, str]) -> Any:
    client = build_client(packaged("texts"), keys)
    return lambda *rows: client.post("/v1/predict", json={"instances": rows})


def test_texts_are_answered_as_in_the_notebook(ask: Any, texts: Fitted) -> None:
    asked = [TEXT, "", "unseenword", *texts.X[:20]]
    answer = ask(*({"text": text} for text in asked))
    assert answer.status_code == 200
    assert "warnings" not in answer.json
    expected = texts.pipeline.predict_proba(asked)
    for row, prediction in zip(expected, answer.json["predictions"], strict=True):
        assert list(prediction["probabilities"].values()) == pytest.approx(row.tolist())
    labels = [prediction["label"] for prediction in answer.json["predictions"]]
    assert labels == texts.pipeline.predict(asked).tolist()


def test_what_is_no_text_is_refused(ask: Any) -> None:
    for value in (None, 3, ["a", "list"], "long " * 3000):
        assert ask({"text": value}).status_code == 422
    assert ask({"texts": TEXT}).status_code == 422


def test_the_typical_instance_is_of_no_training_text(
    packaged: Package, texts: Fitted
) -> None:
    files = read_artefact(packaged("texts")).files
    first = orjson.loads(files["golden.json"])["records"][0]["instance"]["text"]
    assert first not in texts.X
    assert {"the", "of"} <= set(first.split())


def test_a_series_names_the_feature(tmp_path: Path, keys: dict[str, str]) -> None:
    fitted = FITTED["texts"]()
    X = pd.Series(fitted.X, name="review")
    folder = package_here(
        fitted.pipeline,
        X,
        pd.Series(fitted.y),
        name="reviews",
        version="1.0.0",
        to=tmp_path,
        holdout=X[:50],
    )
    client = build_client(folder, keys)
    answer = client.post("/v1/predict", json={"instances": [{"review": TEXT}]})
    assert answer.status_code == 200


def test_a_long_text_is_refused_or_answered_as_the_settings_say(
    packaged: Package, keys: dict[str, str], texts: Fitted, ask: Any
) -> None:
    long = "wine data " * 100_000
    refused = ask({"text": long})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["message"] == "must have at most 10000 characters"
    client = build_client(packaged("texts"), keys, max_string_length=2**20)
    answer = client.post("/v1/predict", json={"instances": [{"text": long}]})
    [prediction] = orjson.loads(answer.data)["predictions"]
    assert prediction["label"] == texts.pipeline.predict([long])[0]


def test_dicts_are_served_by_open_fields(tmp_path: Path, keys: dict[str, str]) -> None:
    rows = [
        {"size": index % 7, "kind": "ab"[index % 2], f"rare{index % 50}": 1.5}
        for index in range(200)
    ]
    labels = [index % 3 == 0 for index in range(200)]
    pipeline = make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, labels)
    folder = package_here(
        pipeline, rows, labels, name="d", version="1.0.0", to=tmp_path
    )
    client = build_client(folder, keys)

    def ask(*instances: Any) -> Any:
        return client.post("/v1/predict", json={"instances": instances})

    asked = [{}, {"new": "text", "size": 3}, {"size": True}, rows[0]]
    expected = pipeline.predict_proba(asked)
    answer = ask(*asked)
    assert answer.status_code == 200
    for row, prediction in zip(expected, answer.json["predictions"], strict=True):
        assert list(prediction["probabilities"].values()) == row.tolist()
    assert ask({f"key{index}": 1 for index in range(10_000)}).status_code == 422
    assert ask({"size": None}, {"size": [1]}, {"k" * 20_000: 1}).status_code == 422
    document = orjson.loads(client.get("/openapi.json").data)
    request = document["components"]["schemas"]["PredictRequest"]
    assert request["properties"]["instances"]["items"] == {
        "type": "object",
        "maxProperties": 1000,
        "additionalProperties": {
            "type": ["string", "number", "boolean"],
            "maxLength": 10_000,
        },
    }
    wide = build_client(folder, keys, max_fields=10_000)
    body = {"instances": [{f"key{index}": 1 for index in range(10_000)}]}
    assert wide.post("/v1/predict", json=body).status_code == 200
