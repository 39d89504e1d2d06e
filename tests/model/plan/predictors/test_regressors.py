from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn import cross_decomposition as cross
from sklearn.base import clone
from sklearn.isotonic import IsotonicRegression

from service.model.errors import NoPlanError
from service.model.plan.predictors.regressors import REGRESSORS


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        cross.PLSRegression(n_components=2),
        cross.PLSRegression(n_components=1, scale=False),
        cross.PLSCanonical(n_components=1),
        cross.CCA(n_components=1),
    ],
    ids=name_case,
)
def test_components_are_planned_exactly(estimator: Any, outputs: int) -> None:
    X, y = load_table("diabetes")
    targets = y if outputs == 1 else np.column_stack([y, -y, y**0.5])
    fitted = clone(estimator).fit(X, targets)
    step = REGRESSORS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("increasing", [True, False, "auto"])
@pytest.mark.parametrize("rows", [1, 2, 400])
def test_a_curve_is_planned_exactly(rows: int, increasing: Any) -> None:
    X, y = load_table("diabetes")
    column = X[:, 2:3]
    fitted = IsotonicRegression(increasing=increasing, out_of_bounds="clip")
    fitted.fit(column[:rows], y[:rows])
    step = REGRESSORS[IsotonicRegression](fitted)
    for batch in (*iterate_batches(column), fitted.X_thresholds_.reshape(-1, 1)):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("out_of_bounds", ["nan", "raise"])
def test_a_curve_with_bounds_has_no_plan(out_of_bounds: str) -> None:
    X, y = load_table("diabetes")
    fitted = IsotonicRegression(out_of_bounds=out_of_bounds).fit(X[:, 2], y)
    with pytest.raises(NoPlanError, match="within its bounds"):
        REGRESSORS[IsotonicRegression](fitted)
