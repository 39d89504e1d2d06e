"""A pipeline fitted on texts, from packaging to an answer over HTTP."""

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from conftest import Package
from flask.testing import FlaskClient
from pipelines import FITTED, Fitted

from service import create_app
from service.model.artefact.folder import read_artefact
from service.model.packaging.package import package
from service.settings import Settings

TEXT = "The wine was grown in the same region in Italy by three cultivators."


def build_client(folder: Path, keys: dict[str, str]) -> FlaskClient:
    settings = Settings(artefact=folder, api_keys_file=Path(keys["file"]))
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
    folder = package(
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
