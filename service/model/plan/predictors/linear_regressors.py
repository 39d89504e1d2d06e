"""Linear regressors: one matrix product, then scikit-learn's own link.

Each function repeats predict operation by operation, and so to the last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import linear_model as linear
from sklearn import svm

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.scores import Scores, as_columns
from service.model.plan.steps import FinalStep, Numbers


def score_linearly(fitted: Any) -> Scores:
    """Return X @ coef_.T + intercept_, of the shape that scikit-learn gives it."""
    coef, intercept = fitted.coef_, fitted.intercept_
    if type(coef) is not np.ndarray:
        raise NoPlanError(f"{type(fitted).__name__} has sparse coefficients.")
    if coef.dtype != np.float64:
        raise NoPlanError(f"{type(fitted).__name__} was not fitted in float64.")
    weights = coef.T
    return lambda X: X @ weights + intercept


def _regress(
    fitted: Any, link: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> FinalStep:
    score = score_linearly(fitted)
    return refusing_non_finite(lambda X: Outputs(values=link(as_columns(score(X)))))


def plan_regressor(fitted: Any) -> FinalStep:
    """Plan a regressor whose value is the linear score."""
    return _regress(fitted)


def plan_log_regressor(fitted: Any) -> FinalStep:
    """Plan a generalised linear model with the log link."""
    return _regress(fitted, np.exp)


def plan_tweedie(fitted: Any) -> FinalStep:
    """Plan a TweedieRegressor, whose link may depend on its power."""
    is_identity = fitted.link == "identity" or (
        fitted.link == "auto" and fitted.power <= 0
    )
    return _regress(fitted, np.asarray if is_identity else np.exp)


def plan_bayesian_ridge(fitted: Any) -> FinalStep:
    """Plan a BayesianRidge's value and its standard deviation."""
    score, sigma, noise = score_linearly(fitted), fitted.sigma_, 1.0 / fitted.alpha_

    def predict(X: Numbers) -> Outputs:
        spread = (np.dot(X, sigma) * X).sum(axis=1)
        return Outputs(values=np.column_stack([score(X), np.sqrt(spread + noise)]))

    return refusing_non_finite(predict)


REGRESSORS = (
    linear.LinearRegression,
    linear.Ridge,
    linear.RidgeCV,
    linear.Lasso,
    linear.LassoCV,
    linear.ElasticNet,
    linear.ElasticNetCV,
    linear.MultiTaskLasso,
    linear.MultiTaskElasticNet,
    linear.MultiTaskLassoCV,
    linear.MultiTaskElasticNetCV,
    linear.Lars,
    linear.LarsCV,
    linear.LassoLars,
    linear.LassoLarsCV,
    linear.LassoLarsIC,
    linear.OrthogonalMatchingPursuit,
    linear.OrthogonalMatchingPursuitCV,
    linear.BayesianRidge,
    linear.ARDRegression,
    linear.SGDRegressor,
    linear.PassiveAggressiveRegressor,
    linear.HuberRegressor,
    linear.TheilSenRegressor,
    linear.QuantileRegressor,
    svm.LinearSVR,
)
LINEAR_REGRESSORS: dict[type, Callable[[Any], FinalStep]] = {
    **dict.fromkeys(REGRESSORS, plan_regressor),
    linear.PoissonRegressor: plan_log_regressor,
    linear.GammaRegressor: plan_log_regressor,
    linear.TweedieRegressor: plan_tweedie,
}
# With a standard deviation.
LINEAR_DEVIATIONS = {linear.BayesianRidge: plan_bayesian_ridge}
