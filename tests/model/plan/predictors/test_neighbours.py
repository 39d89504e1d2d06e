from typing import Any

import numpy as np
import pandas as pd
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from scipy import sparse
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from service.model.errors import NoPlanError
from service.model.plan.predictors.neighbours import NEIGHBOURS


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
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_classifier_is_planned_exactly(options: dict[str, Any], data: str) -> None:
    X, y = load_table(data)
    fitted = KNeighborsClassifier(**options)
    fitted.fit(X[::2], np.array(["red", "green", "blue"])[y[::2]])
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for batch in iterate_batches(X):
        assert_same(fitted, step, batch)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
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


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_ties_are_broken_as_by_sklearn(
    algorithm: str, weights: str, count: int, *, is_named: bool
) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (600, 3)).astype(float)
    y = rng.integers(0, 3, 600)
    table: Any = pd.DataFrame(X, columns=["a", "b", "c"]) if is_named else X
    fitted = KNeighborsClassifier(count, weights=weights, algorithm=algorithm)
    fitted.fit(table, y)
    step = NEIGHBOURS[KNeighborsClassifier](fitted)
    for rows in (slice(0, 600), *(slice(row, row + 1) for row in range(60))):
        found = step(X[rows])
        np.testing.assert_array_equal(found.classes, fitted.predict(table[rows]))
        np.testing.assert_array_equal(
            found.probabilities, fitted.predict_proba(table[rows])
        )


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_integers_are_compared_as_numbers(algorithm: str) -> None:
    X, y = load_table("wine")
    whole = (X * 9).round().astype(np.int64)
    fitted = KNeighborsClassifier(algorithm=algorithm).fit(whole, y)
    if algorithm == "brute":
        with pytest.raises(NoPlanError, match="uncommon way"):
            NEIGHBOURS[KNeighborsClassifier](fitted)
    else:
        step = NEIGHBOURS[KNeighborsClassifier](fitted)
        assert_alike(fitted, step, whole.astype(float))


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(metric="cosine"),
        KNeighborsClassifier(metric="nan_euclidean"),
        KNeighborsRegressor(metric="cosine"),
    ],
    ids=name_case,
)
def test_an_uncommon_metric_has_no_plan(estimator: Any) -> None:
    X, y = load_table("wine")
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(NoPlanError, match="uncommon way"):
        NEIGHBOURS[type(fitted)](fitted)


def test_sparse_rows_and_several_outputs_have_no_plan() -> None:
    X, y = load_table("wine")
    for table, target in ((sparse.csr_array(X), y), (X, np.column_stack([y, y]))):
        fitted = KNeighborsClassifier().fit(table, target)
        with pytest.raises(NoPlanError):
            NEIGHBOURS[KNeighborsClassifier](fitted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("wine")
    fitted = KNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        NEIGHBOURS[KNeighborsClassifier](fitted)(np.full((1, X.shape[1]), value))
