"""What undoes a transformer of targets: its inverse_transform of one column or more.

Each repeats scikit-learn's operations in its order, and takes finite numbers alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import inv_boxcox, ndtr
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats
from service.model.plan.steps import Numbers, NumbersStep
from service.model.plan.transformers.distributions import NEAR_BOUND

# An exponent as near as this to one that has a limit is taken for it.
SPACING = float(np.spacing(1.0))


def plan_inverse(fitted: Any) -> NumbersStep:
    """Return what undoes a transformer; it asks that itself where it has no planner."""
    plan = INVERSES.get(type(fitted))
    inverse: NumbersStep = fitted.inverse_transform
    if plan is None:
        return inverse
    try:
        undo = plan(fitted)
    except NoPlanError:
        return inverse

    def restore(X: Numbers) -> Numbers:
        # What is not finite, scikit-learn passes on, or refuses, itself.
        return undo(X) if np.isfinite(X).all() else inverse(X)

    return restore


def _undo_function(fitted: FunctionTransformer) -> NumbersStep:
    function = fitted.inverse_func
    if function is None or fitted.inv_kw_args:
        raise NoPlanError("The inverse has options, or is the target itself.")
    return function  # type: ignore[no-any-return]


def _undo_standard_scaler(fitted: StandardScaler) -> NumbersStep:
    scale = read_floats(fitted.scale_) if fitted.with_std else 1.0
    mean = read_floats(fitted.mean_) if fitted.with_mean else 0.0
    return lambda X: X * scale + mean


def _undo_min_max_scaler(fitted: MinMaxScaler) -> NumbersStep:
    scale, least = read_floats(fitted.scale_), read_floats(fitted.min_)
    return lambda X: (X - least) / scale


def _undo_power(fitted: PowerTransformer) -> NumbersStep:
    lambdas = read_floats(fitted.lambdas_)
    unscale: NumbersStep = np.asarray
    if fitted.standardize:  # no public attribute has the scaler
        unscale = _undo_standard_scaler(fitted._scaler)
    if fitted.method == "box-cox":
        return lambda X: inv_boxcox(unscale(X), lambdas)
    undo = [_undo_yeo_johnson(float(exponent)) for exponent in lambdas]

    def restore(X: Numbers) -> Numbers:
        bent = unscale(X)
        columns = [one(bent[:, index]) for index, one in enumerate(undo)]
        return np.column_stack(columns)

    return restore


def _undo_yeo_johnson(exponent: float) -> NumbersStep:
    rest = 2 - exponent

    def undo(x: Numbers) -> Numbers:
        found, is_high = np.zeros_like(x), x >= 0
        high, low = x[is_high], x[~is_high]
        if abs(exponent) < SPACING:
            found[is_high] = np.exp(high) - 1
        else:
            found[is_high] = np.power(high * exponent + 1, 1 / exponent) - 1
        if abs(exponent - 2) > SPACING:
            found[~is_high] = 1 - np.power(-rest * low + 1, 1 / rest)
        else:
            found[~is_high] = 1 - np.exp(-low)
        return found

    return undo


def _undo_quantiles(fitted: QuantileTransformer) -> NumbersStep:
    quantiles, references = read_floats(fitted.quantiles_), fitted.references_
    is_normal = fitted.output_distribution == "normal"

    def undo_column(x: Numbers, values: Numbers) -> Numbers:
        ranks = ndtr(x) if is_normal else x
        found: Numbers = np.interp(ranks, references, values)
        found[ranks + NEAR_BOUND > 1 if is_normal else ranks == 1] = values[-1]
        found[ranks - NEAR_BOUND < 0 if is_normal else ranks == 0] = values[0]
        return found

    def undo(X: Numbers) -> Numbers:
        columns = [undo_column(x, v) for x, v in zip(X.T, quantiles.T, strict=True)]
        return np.column_stack(columns)

    return undo


INVERSES: dict[type, Callable[[Any], NumbersStep]] = {
    FunctionTransformer: _undo_function,
    StandardScaler: _undo_standard_scaler,
    MinMaxScaler: _undo_min_max_scaler,
    PowerTransformer: _undo_power,
    QuantileTransformer: _undo_quantiles,
}
