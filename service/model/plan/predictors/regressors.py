"""Regressors on components of two tables, and along one rising or falling curve."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import cross_decomposition as cross
from sklearn.isotonic import IsotonicRegression

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import as_columns
from service.model.plan.steps import FinalStep, Numbers


def plan_cross_regressor(fitted: Any) -> FinalStep:
    """Plan what a PLSRegression, PLSCanonical or CCA predicts."""
    mean, weights = read_floats(fitted._x_mean), read_floats(fitted.coef_).T
    offset = fitted.intercept_
    return refusing_non_finite(
        lambda X: Outputs(values=as_columns((X - mean) @ weights + offset))
    )


def plan_isotonic(fitted: IsotonicRegression) -> FinalStep:
    """Plan an IsotonicRegression that clips, as scipy's interp1d interpolates."""
    if fitted.out_of_bounds != "clip":
        raise NoPlanError("IsotonicRegression answers within its bounds alone.")
    x, y = read_floats(fitted.X_thresholds_), read_floats(fitted.y_thresholds_)

    def predict(X: Numbers) -> Outputs:
        if X.shape[1] != 1:
            raise ValueError("An IsotonicRegression takes one column.")
        clipped = np.clip(X[:, 0], fitted.X_min_, fitted.X_max_)
        return Outputs(values=as_columns(np.interp(clipped, x, y)))

    return refusing_non_finite(predict)


REGRESSORS: dict[type, Callable[[Any], FinalStep]] = {
    cross.PLSRegression: plan_cross_regressor,
    cross.PLSCanonical: plan_cross_regressor,
    cross.CCA: plan_cross_regressor,
    IsotonicRegression: plan_isotonic,
}
