from typing import Any

import numpy as np
import pandas as pd
import pytest
from exactness import assert_alike, assert_close, iterate_batches, load_table, name_case
from prose import read_prose
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
)

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.local_outliers import plan_local_outliers
from service.model.plan.predictors.neighbours import NEIGHBOURS
from service.model.plan.sparse import read_csr


def weigh_near(distances: np.ndarray) -> np.ndarray:
    weights: np.ndarray = np.exp(-distances)
    return weights


OPTIONS: list[dict[str, Any]] = [
    {},
    {"n_neighbors": 1},
    {"n_neighbors": 20},
    {"algorithm": "brute"},
    {"algorithm": "brute", "p": 1},
    {"algorithm": "brute", "p": 3},
    {"algorithm": "ball_tree", "metric": "chebyshev"},
    {"algorithm": "kd_tree", "p": 1, "n_jobs": 2},
    {"weights": "distance"},
    {"weights": "distance", "algorithm": "brute", "n_neighbors": 11},
    {"weights": "distance", "algorithm": "brute", "p": 1},
    {"weights": weigh_near},
    {"weights": None, "algorithm": "brute"},
    {"metric": "cosine"},
    {"metric": "cosine", "weights": "distance"},
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("options", OPTIONS, ids=name_case)
def test_a_classifier_is_planned_exactly(options: dict[str, Any], data: str) -> None:
    X, y = load_table(data)
    fitted = KNeighborsClassifier(**options)
    fitted.fit(X[::2], np.array(["red", "green", "blue"])[y[::2]])
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for batch in iterate_batches(X):
        assert_same(fitted, step, batch)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("options", OPTIONS, ids=name_case)
def test_a_regressor_is_planned_exactly(options: dict[str, Any], outputs: int) -> None:
    X, y = load_table("diabetes")
    targets = y if outputs == 1 else np.column_stack([y, y**0.5])
    fitted = KNeighborsRegressor(**options).fit(X[::2], targets[::2])
    step = NEIGHBOURS[KNeighborsRegressor](fitted)
    for batch in iterate_batches(X):
        assert_same(fitted, step, batch)


def assert_same(fitted: Any, step: Any, batch: np.ndarray) -> None:
    """Hold a step against what it was planned from, where that answers at all."""
    try:
        with np.errstate(all="ignore"):
            fitted.predict(batch)
    except ValueError:
        with (
            np.errstate(all="ignore"),
            pytest.raises(ValueError, match="weigh nothing"),
        ):
            step(batch)
    else:
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("options", OPTIONS, ids=name_case)
def test_several_outputs_are_planned_exactly(options: dict[str, Any]) -> None:
    X, y = load_table("wine")
    colours = np.array(["red", "green", "blue"])[y]
    targets = np.column_stack([colours, np.where(y == 1, "green", "other")])
    fitted = KNeighborsClassifier(**options).fit(X[::2], targets[::2])
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for batch in (X, X[:1], X[1:2], X[:3] * 0):
        found = step(batch)
        assert found.classes is not None
        labels = [
            classes[column]
            for classes, column in zip(fitted.classes_, found.classes.T, strict=True)
        ]
        np.testing.assert_array_equal(np.transpose(labels), fitted.predict(batch))
        expected = np.concatenate(fitted.predict_proba(batch), axis=1)
        np.testing.assert_array_equal(found.probabilities, expected)


@pytest.mark.parametrize(
    "options",
    [{}, {"algorithm": "brute"}, {"contamination": 0.1}, {"metric": "cosine"}],
    ids=name_case,
)
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
def test_local_outliers_are_planned_exactly(options: dict[str, Any], data: str) -> None:
    X, _ = load_table(data)
    fitted = LocalOutlierFactor(novelty=True, **options).fit(X[::2])
    step = plan_local_outliers(fitted)
    for batch in iterate_batches(X):
        with np.errstate(all="ignore"):
            found, expected = step(batch), fitted.score_samples(batch)
        np.testing.assert_array_equal(found.classes, fitted.predict(batch) > 0)
        assert_close(found.values, expected.reshape(-1, 1))


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_ties_are_broken_as_by_sklearn(
    algorithm: str, weights: str, count: int, p: int, *, is_named: bool
) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (600, 3)).astype(float)
    y = rng.integers(0, 3, 600)
    table: Any = pd.DataFrame(X, columns=["a", "b", "c"]) if is_named else X
    fitted = KNeighborsClassifier(count, weights=weights, algorithm=algorithm, p=p)
    fitted.fit(table, y)
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for rows in (slice(0, 600), *(slice(row, row + 1) for row in range(60))):
        assert_same_bits(fitted, step(X[rows]), table[rows])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_ties_of_whole_numbers_are_broken_as_by_sklearn(
    algorithm: str, weights: str
) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 4, (600, 3)), rng.integers(0, 3, 600)
    fitted = KNeighborsClassifier(4, algorithm=algorithm, weights=weights).fit(X, y)
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for rows in (slice(0, 600), *(slice(row, row + 1) for row in range(60))):
        assert_same_bits(fitted, step(X[rows].astype(float)), X[rows])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("vectorizer", [TfidfVectorizer, CountVectorizer])
def test_neighbours_among_sparse_rows_are_sklearns(
    vectorizer: Any, metric: str, weights: str
) -> None:
    texts, topics = read_prose()
    vectorize = vectorizer(max_features=500)
    fitted = KNeighborsClassifier(metric=metric, weights=weights)
    fitted.fit(vectorize.fit_transform(texts), topics)
    rows = vectorize.transform(texts)  # which sorts the terms, where a fit does not
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    empty = sparse.csr_matrix((2, 500), dtype=rows.dtype)
    for batch in (rows[:200], *(rows[row] for row in range(40)), empty):
        assert_same_bits(fitted, step(read_csr(batch)), batch)
    assert_same_bits(fitted, step(rows[:2].toarray().astype(float)), rows[:2])


def assert_same_bits(fitted: Any, found: Outputs, X: Any) -> None:
    """Hold answers against scikit-learn's, to the last bit."""
    np.testing.assert_array_equal(fitted.classes_[found.classes], fitted.predict(X))
    np.testing.assert_array_equal(found.probabilities, fitted.predict_proba(X))


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(metric="correlation"),
        KNeighborsClassifier(metric="nan_euclidean"),
        KNeighborsRegressor(metric="correlation"),
    ],
    ids=name_case,
)
def test_an_uncommon_metric_has_no_plan(estimator: Any) -> None:
    X, y = load_table("wine")
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(NoPlanError, match="uncommon way"):
        NEIGHBOURS[type(fitted)](fitted)


def test_several_jobs_and_float32_have_no_plan() -> None:
    X, y = load_table("wine")
    for fitted in (
        KNeighborsClassifier(metric="cosine", n_jobs=2).fit(X, y),
        KNeighborsClassifier(algorithm="brute").fit(X.astype(np.float32), y),
    ):
        with pytest.raises(NoPlanError):
            NEIGHBOURS[KNeighborsClassifier](fitted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("wine")
    fitted = KNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        NEIGHBOURS[KNeighborsClassifier](fitted)(np.full((1, X.shape[1]), value))
