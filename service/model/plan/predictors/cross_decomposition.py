"""Regressors on the components of two tables."""

from collections.abc import Callable
from typing import Any

from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression

from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import as_columns
from service.model.plan.steps import FinalStep


def plan_cross_decomposition(fitted: Any) -> FinalStep:
    """Plan what a PLSRegression, PLSCanonical or CCA predicts."""
    mean, weights = read_floats(fitted._x_mean), read_floats(fitted.coef_).T
    offset = fitted.intercept_
    return refusing_non_finite(
        lambda X: Outputs(values=as_columns((X - mean) @ weights + offset))
    )


CROSS_DECOMPOSITIONS: dict[type, Callable[[Any], FinalStep]] = {
    PLSRegression: plan_cross_decomposition,
    PLSCanonical: plan_cross_decomposition,
    CCA: plan_cross_decomposition,
}
