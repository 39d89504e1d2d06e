"""Steps that bend each column towards a normal or a uniform distribution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import boxcox, ndtri
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

from service.model.plan.checks import read_floats, refusing_infinite
from service.model.plan.steps import Numbers, NumbersStep
from service.model.plan.transformers.scalers import plan_standard_scaler

# QuantileTransformer takes a value this near a bound to be on it.
NEAR_BOUND = 1e-7


def plan_power_transformer(fitted: PowerTransformer) -> NumbersStep:
    lambdas = read_floats(fitted.lambdas_)
    is_box_cox = fitted.method == "box-cox"
    bend = _plan_box_cox(lambdas) if is_box_cox else _plan_yeo_johnson(lambdas)
    if not fitted.standardize:
        return refusing_infinite(bend)
    # No public attribute has the scaler.
    standardise = plan_standard_scaler(fitted._scaler)
    return refusing_infinite(lambda X: standardise(bend(X)))


def _plan_box_cox(lambdas: np.ndarray) -> NumbersStep:
    def bend(X: Numbers) -> Numbers:
        if (X <= 0).any():
            raise ValueError("The Box-Cox transformation takes positive numbers only.")
        return boxcox(X, lambdas)  # type: ignore[no-any-return]

    return bend


def _plan_yeo_johnson(lambdas: np.ndarray) -> NumbersStep:
    """Return scipy.stats.yeojohnson for all columns at once."""
    eps = np.finfo(np.float64).eps
    flat_above, flat_below = abs(lambdas) < eps, abs(lambdas - 2) <= eps
    above = np.where(flat_above, 1.0, lambdas)
    below = np.where(flat_below, 1.0, 2 - lambdas)
    has_flat = bool((flat_above | flat_below).any())

    def bend(X: Numbers) -> Numbers:
        # Each half is zero where the other is not, so that nothing rounds their sum.
        up = np.log1p(np.maximum(X, 0.0))
        down = np.log1p(-np.minimum(X, 0.0))
        bent_up = np.expm1(above * up) / above
        bent_down = np.expm1(below * down) / below
        if has_flat:
            bent_up = np.where(flat_above, up, bent_up)
            bent_down = np.where(flat_below, down, bent_down)
        return bent_up - bent_down  # type: ignore[no-any-return]

    return bend


def plan_quantile_transformer(fitted: QuantileTransformer) -> NumbersStep:
    quantiles, references = read_floats(fitted.quantiles_), fitted.references_
    columns = [(q, -q[::-1]) for q in np.ascontiguousarray(quantiles.T)]
    backwards = -references[::-1]
    finish = _plan_ends(fitted.output_distribution, quantiles[0], quantiles[-1])

    def step(X: Numbers) -> Numbers:
        ranks = np.empty(X.shape)
        for index, (upwards, downwards) in enumerate(columns):
            column = X[:, index]
            up = np.interp(column, upwards, references)
            ranks[:, index] = up - np.interp(-column, downwards, backwards)
        ranks *= 0.5
        return finish(X, ranks)

    return refusing_infinite(step)


def _plan_ends(
    distribution: str, low: np.ndarray, high: np.ndarray
) -> Callable[[Numbers, Numbers], Numbers]:
    """Return what sets the ranks at the bounds, and makes the distribution of them."""
    # What scikit-learn clips at, so that the inverse stays finite.
    least = stats.norm.ppf(NEAR_BOUND - np.spacing(1))
    most = stats.norm.ppf(1 - (NEAR_BOUND - np.spacing(1)))

    def make_uniform(X: Numbers, ranks: Numbers) -> Numbers:
        ranks[high == X] = 1.0
        ranks[low == X] = 0.0
        return ranks

    def make_normal(X: Numbers, ranks: Numbers) -> Numbers:
        ranks[high < X + NEAR_BOUND] = 1.0
        ranks[low > X - NEAR_BOUND] = 0.0
        normal: Numbers = ndtri(ranks)  # which is all that norm.ppf adds checks to
        return normal.clip(least, most, out=normal)

    return make_uniform if distribution == "uniform" else make_normal


DISTRIBUTIONS: dict[type, Callable[[Any], NumbersStep]] = {
    PowerTransformer: plan_power_transformer,
    QuantileTransformer: plan_quantile_transformer,
}
