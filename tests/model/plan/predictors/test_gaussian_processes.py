from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, assert_close, iterate_batches, load_table, name_case
from sklearn.base import clone
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel

from service.model.errors import NoPlanError
from service.model.plan.predictors.gaussian_processes import DEVIATIONS, PREDICTORS

PROCESSES = [
    GaussianProcessRegressor(optimizer=None),
    GaussianProcessRegressor(RBF(0.5) + WhiteKernel(0.1), normalize_y=True),
    GaussianProcessRegressor(2.0 * Matern(nu=1.5), alpha=0.1, optimizer=None),
]
CLASSIFIERS = [
    GaussianProcessClassifier(optimizer=None),
    GaussianProcessClassifier(2.0 * Matern(nu=1.5), optimizer=None),
    GaussianProcessClassifier(1.0 * RBF(0.5)),
]


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("estimator", PROCESSES, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any, outputs: int) -> None:
    X, y = load_table("diabetes")
    X, y = X[:120], y[:120]
    fitted = clone(estimator).fit(X, np.column_stack([y, -y]) if outputs == 2 else y)
    step = PREDICTORS[GaussianProcessRegressor](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = clone(estimator).fit(X[::3], np.array(["red", "green", "blue"])[y[::3]])
    step = PREDICTORS[GaussianProcessClassifier](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.filterwarnings("ignore:Predicted variances smaller:UserWarning")
@pytest.mark.parametrize("estimator", PROCESSES, ids=name_case)
def test_a_deviation_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    X, y = X[:120], y[:120]
    fitted = clone(estimator).fit(X, y)
    step = DEVIATIONS[GaussianProcessRegressor](fitted)
    for batch in iterate_batches(X):
        expected = np.column_stack(fitted.predict(batch, return_std=True))
        assert_close(step(batch).values, expected)


def test_several_deviations_have_no_plan() -> None:
    X, y = load_table("diabetes")
    X, y = X[:50], y[:50]
    process = GaussianProcessRegressor(optimizer=None, normalize_y=True)
    process.fit(X, np.column_stack([y, -y]))
    with pytest.raises(NoPlanError, match="several outputs"):
        DEVIATIONS[GaussianProcessRegressor](process)


def test_pairs_of_classes_have_no_plan() -> None:
    X, y = load_table("wine")
    model = GaussianProcessClassifier(optimizer=None, multi_class="one_vs_one")
    with pytest.raises(NoPlanError, match="of pairs"):
        PREDICTORS[GaussianProcessClassifier](model.fit(X, y))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("diabetes")
    fitted = GaussianProcessRegressor(optimizer=None).fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        PREDICTORS[GaussianProcessRegressor](fitted)(np.full((1, X.shape[1]), value))
