import re
import warnings
from typing import Any

import numpy as np
import pytest
from exactness import assert_close, load_table
from sklearn.base import clone
from sklearn.impute import KNNImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from service.model.errors import NoPlanError
from service.model.plan.steps import NumbersStep, Step
from service.model.plan.transformers.model_imputers import MODEL_IMPUTERS

IMPUTERS = [
    KNNImputer(),
    KNNImputer(n_neighbors=1),
    KNNImputer(n_neighbors=500),
    KNNImputer(weights="distance"),
    KNNImputer(add_indicator=True),
    IterativeImputer(max_iter=3),
    IterativeImputer(max_iter=0, initial_strategy="median"),
    IterativeImputer(LinearRegression(), max_iter=2, imputation_order="random"),
    IterativeImputer(DecisionTreeRegressor(random_state=0), max_iter=2),
    IterativeImputer(n_nearest_features=3, min_value=0.2, add_indicator=True),
]


def describe(case: Any) -> str:
    return re.sub(" at 0x[0-9a-f]+", "", repr(case))[:60]


def punch_holes(X: np.ndarray, share: float) -> np.ndarray:
    is_hole = np.random.default_rng(0).random(X.shape) < share
    return np.where(is_hole, np.nan, X)


def plan(imputer: Any, X: np.ndarray) -> tuple[Any, NumbersStep]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few rounds do not converge
        fitted = clone(imputer).fit(X)
    return fitted, MODEL_IMPUTERS[type(fitted)](fitted)


def assert_filled(fitted: Any, step: NumbersStep, X: np.ndarray) -> None:
    before = X.copy()
    with np.errstate(all="ignore"):
        found, expected = step(X), fitted.transform(X.copy())
        if isinstance(step, Step):
            assert np.array_equal(step.single(X[0].tolist()), step(X[:1])[0])
    assert found.flags.c_contiguous
    assert_close(found, expected)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("data", ["wine", "diabetes"])
@pytest.mark.parametrize("imputer", IMPUTERS, ids=describe)
def test_nulls_are_filled_exactly(imputer: Any, data: str) -> None:
    X, _ = load_table(data)
    holed = punch_holes(X, 0.2)
    fitted, step = plan(imputer, holed[::2])
    assert_filled(fitted, step, holed)
    assert_filled(fitted, step, X)
    for row in range(1, 40):
        assert_filled(fitted, step, holed[row : row + 1])
    nothing = np.full((2, X.shape[1]), np.nan)
    assert_filled(fitted, step, nothing)
    # A tree refuses numbers beyond float32.
    far = 1e200 if isinstance(imputer, KNNImputer) else 1e20
    for edge in (0.0, -0.0, 1e30, -1e30, 1e-300, far):
        mixed = holed[:3].copy()
        mixed[:, 0] = edge
        assert_filled(fitted, step, mixed)
        nothing[1, 0] = edge
        assert_filled(fitted, step, nothing)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("count", [1, 4])
def test_ties_are_broken_as_by_sklearn(count: int, weights: str) -> None:
    X = np.random.default_rng(0).integers(0, 3, (400, 5)).astype(float)
    holed = punch_holes(X, 0.2)
    imputer = KNNImputer(n_neighbors=count, weights=weights)
    fitted, step = plan(imputer, holed[:300])
    np.testing.assert_array_equal(step(holed), fitted.transform(holed))
    for row in range(300, 400):
        one = holed[row : row + 1]
        np.testing.assert_array_equal(step(one), fitted.transform(one))


@pytest.mark.parametrize(
    ("imputer", "reason"),
    [
        (KNNImputer(missing_values=0), "another mark"),
        (KNNImputer(metric=lambda x, y, **_: 1.0), "metric of its own"),
        (IterativeImputer(sample_posterior=True, max_iter=1), "at random"),
    ],
    ids=describe,
)
def test_what_has_no_plan(imputer: Any, reason: str) -> None:
    X, _ = load_table("wine")
    with pytest.raises(NoPlanError, match=reason):
        plan(imputer, X)


@pytest.mark.parametrize("imputer", [KNNImputer(), IterativeImputer(max_iter=1)])
def test_an_empty_column_has_no_plan(imputer: Any) -> None:
    X = load_table("wine")[0].copy()
    X[:, 2] = np.nan
    with pytest.raises(NoPlanError, match="empty column"):
        plan(imputer, X)


@pytest.mark.parametrize("imputer", [KNNImputer(), IterativeImputer(max_iter=1)])
def test_an_infinite_number_is_refused(imputer: Any) -> None:
    X, _ = load_table("wine")
    _, step = plan(imputer, punch_holes(X, 0.1))
    with pytest.raises(ValueError, match="infinite"):
        step(np.full((1, X.shape[1]), np.inf))
