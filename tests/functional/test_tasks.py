"""Each task over HTTP: the notebook's answer, in the form that OpenAPI documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from conftest import Serve
from lightgbm import LGBMRanker
from proved_here import package_here
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

IRIS, KINDS = load_iris(return_X_y=True, as_frame=True)
OUTPUTS = pd.DataFrame({"large": (KINDS > 0).astype(int), "last": (KINDS == 2) * 1})

Json = dict[str, Any]


def scale(final: BaseEstimator, y: Any = None) -> Any:
    return make_pipeline(StandardScaler(), final).fit(IRIS, y)


def name_all(names: Any, rows: np.ndarray) -> list[Json]:
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]


def expect_outliers(model: Any) -> list[Json]:
    labels = np.where(model.predict(IRIS) == -1, "outlier", "inlier").tolist()
    scores = model.score_samples(IRIS).tolist()
    return [
        {"label": label, "score": score}
        for label, score in zip(labels, scores, strict=True)
    ]


def expect_clusters(model: Any) -> list[Json]:
    names = ["small", "middle", "large"]
    distances = name_all(names, model.transform(IRIS))
    return [
        {"label": names[index], "distances": row}
        for index, row in zip(model.predict(IRIS), distances, strict=True)
    ]


def expect_outputs(model: Any) -> list[Json]:
    labels = model.predict(IRIS).astype(str)
    numbers = [name_all(["0", "1"], each) for each in model.predict_proba(IRIS)]
    return [
        {
            "outputs": {
                name: {"label": labels[row, at], "probabilities": numbers[at][row]}
                for at, name in enumerate(OUTPUTS)
            }
        }
        for row in range(len(IRIS))
    ]


def expect_scores(model: Any) -> list[Json]:
    rows = name_all(["0", "1", "2"], model.decision_function(IRIS))
    labels = model.predict(IRIS).tolist()
    return [
        {"label": str(label), "scores": row}
        for label, row in zip(labels, rows, strict=True)
    ]


def expect_deviations(model: Any) -> list[Json]:
    pairs = zip(*model.predict(IRIS, return_std=True), strict=True)
    return [{"value": value, "std": std} for value, std in pairs]


TASKS: dict[str, tuple[Callable[[], Any], Json, Callable[[Any], list[Json]]]] = {
    "outliers": (
        lambda: IsolationForest(n_estimators=20, random_state=0).fit(IRIS),
        {},
        expect_outliers,
    ),
    "clusters": (
        lambda: scale(KMeans(3, n_init=1, random_state=0)),
        {"labels": ["small", "middle", "large"]},
        expect_clusters,
    ),
    "outputs": (
        lambda: RandomForestClassifier(10, random_state=0).fit(IRIS, OUTPUTS),
        {},
        expect_outputs,
    ),
    "scores": (
        lambda: scale(LinearSVC(random_state=0), KINDS),
        {"scores": "decision"},
        expect_scores,
    ),
    "deviations": (
        lambda: scale(BayesianRidge(), KINDS),
        {"std": True},
        expect_deviations,
    ),
    "ranking": (
        lambda: LGBMRanker(n_estimators=5, verbose=-1).fit(
            IRIS, KINDS, group=[50, 50, 50]
        ),
        {},
        lambda model: [{"score": score} for score in model.predict(IRIS)],
    ),
    "values": (
        lambda: scale(PCA(2)),
        {},
        lambda model: [
            {"values": row} for row in name_all(["pca0", "pca1"], model.transform(IRIS))
        ],
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_answered_as_the_notebook_answers_it(
    name: str, serve: Serve, tmp_path: Path
) -> None:
    fit, options, expect = TASKS[name]
    y = OUTPUTS if name == "outputs" else None
    model = fit()
    folder = package_here(
        model,
        IRIS,
        y,
        name=name,
        version="1.0.0",
        to=tmp_path,
        **options,
    )
    server = serve(folder, WEB_CONCURRENCY="1")

    answer = server.predict(IRIS.to_dict("records"))

    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    assert found == [to_approximate(each) for each in expect(model)]
    api = server.client.get("/openapi.json").json()
    answers = {
        "$ref": "#/components/schemas/Prediction",
        "components": api["components"],
    }
    for each in found:
        jsonschema.validate(each, answers)


def to_approximate(value: Any) -> Any:
    """Return what is equal to an answer whose numbers are within 1e-12."""
    if isinstance(value, dict):
        return {name: to_approximate(each) for name, each in value.items()}
    return value if isinstance(value, str) else pytest.approx(value, abs=1e-12)
