"""A rising or falling curve through points, as a regressor and as a calibration."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import as_columns
from service.model.plan.steps import FinalStep, Numbers

Curve = Callable[[np.ndarray], np.ndarray]


def plan_curve(fitted: IsotonicRegression) -> Curve:
    """Return what interpolates one column, clipped, as scipy's interp1d does."""
    x, y = fitted.X_thresholds_, fitted.y_thresholds_
    low, high = fitted.X_min_, fitted.X_max_
    return lambda column: np.interp(np.clip(column, low, high), x, y)


def plan_isotonic(fitted: IsotonicRegression) -> FinalStep:
    """Plan an IsotonicRegression that clips."""
    if fitted.out_of_bounds != "clip":
        raise NoPlanError("IsotonicRegression answers within its bounds alone.")
    for knots in (fitted.X_thresholds_, fitted.y_thresholds_):
        read_floats(knots)
    curve = plan_curve(fitted)

    def predict(X: Numbers) -> Outputs:
        if X.shape[1] != 1:
            raise ValueError("An IsotonicRegression takes one column.")
        return Outputs(values=as_columns(curve(X[:, 0])))

    return refusing_non_finite(predict)


ISOTONIC: dict[type, Callable[[Any], FinalStep]] = {IsotonicRegression: plan_isotonic}
