"""Linear models: one matrix product, then scikit-learn's own link.

Each function repeats what predict and predict_proba of scikit-learn 1.9 do, operation
by operation, and so to the last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn import linear_model as linear
from sklearn import svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.scores import (
    Scores,
    drop_names,
    normalise,
    refuse_non_finite,
    softmax,
    two_columns,
)
from service.model.plan.steps import FinalStep, Numbers

Link = Callable[[np.ndarray], np.ndarray]


def score_linearly(fitted: Any) -> Scores:
    """Return X @ coef_.T + intercept_, of the shape that scikit-learn gives it."""
    coef, intercept = fitted.coef_, fitted.intercept_
    if type(coef) is not np.ndarray:
        raise NoPlanError(f"{type(fitted).__name__} has sparse coefficients.")
    if coef.dtype != np.float64:
        raise NoPlanError(f"{type(fitted).__name__} was not fitted in float64.")
    weights = coef.T
    return lambda X: X @ weights + intercept


def decide(fitted: Any) -> Scores:
    """Return decision_function: (n,) for two classes, else (n, classes)."""
    if type(fitted) not in DECIDING:
        raise NoPlanError(f"{type(fitted).__name__} has no compiled decision function.")
    probe = drop_names(fitted).predict(np.zeros((1, fitted.n_features_in_)))
    if np.ndim(probe) != 1 or len(fitted.classes_) < 2:
        raise NoPlanError(f"{type(fitted).__name__} has several outputs, or one class.")
    score = score_linearly(fitted)
    if fitted.coef_.ndim == 2 and len(fitted.coef_) == 1:
        return lambda X: score(X).reshape(-1)
    return score


def _link_logistic(scores: np.ndarray) -> np.ndarray:
    return two_columns(expit(scores)) if scores.ndim == 1 else softmax(scores)


def _link_each_logistic(scores: np.ndarray) -> np.ndarray:
    return two_columns(expit(scores)) if scores.ndim == 1 else normalise(expit(scores))


def _link_modified_huber(scores: np.ndarray) -> np.ndarray:
    halves = (np.clip(scores, -1, 1) + 1.0) / 2.0
    return two_columns(halves) if scores.ndim == 1 else normalise(halves)


def _classify(fitted: Any, link: Link | None) -> FinalStep:
    score = decide(fitted)
    is_binary = fitted.coef_.ndim == 1 or len(fitted.coef_) == 1

    def run(X: Numbers) -> Outputs:
        scores = score(X)
        classes = (scores > 0).astype(np.intp) if is_binary else scores.argmax(axis=1)
        if link is None:
            return Outputs(classes=classes)
        return Outputs(classes=classes, probabilities=link(scores))

    return refuse_non_finite(fitted, run)


def plan_classifier(fitted: Any) -> FinalStep:
    """Plan a classifier that has decisions and no probabilities."""
    return _classify(fitted, None)


def plan_logistic(fitted: Any) -> FinalStep:
    """Plan a classifier whose link is logistic, or for several classes the softmax."""
    return _classify(fitted, _link_logistic)


def plan_sgd_classifier(fitted: Any) -> FinalStep:
    """Plan an SGDClassifier: its loss says whether there are probabilities."""
    links = {"log_loss": _link_each_logistic, "modified_huber": _link_modified_huber}
    return _classify(fitted, links.get(fitted.loss))


def _regress(fitted: Any, link: Link | None) -> FinalStep:
    score = score_linearly(fitted)

    def run(X: Numbers) -> Outputs:
        scores = score(X).reshape(len(X), -1)
        return Outputs(values=scores if link is None else link(scores))

    return refuse_non_finite(fitted, run)


def plan_regressor(fitted: Any) -> FinalStep:
    """Plan a regressor whose value is the linear score."""
    return _regress(fitted, None)


def plan_log_regressor(fitted: Any) -> FinalStep:
    """Plan a generalised linear model with the log link."""
    return _regress(fitted, np.exp)


def plan_tweedie(fitted: Any) -> FinalStep:
    """Plan a TweedieRegressor, whose link may depend on its power."""
    is_identity = fitted.link == "identity" or (
        fitted.link == "auto" and fitted.power <= 0
    )
    return _regress(fitted, None if is_identity else np.exp)


LINEAR: dict[type, Callable[[Any], FinalStep]] = {
    linear.LogisticRegression: plan_logistic,
    linear.LogisticRegressionCV: plan_logistic,
    LinearDiscriminantAnalysis: plan_logistic,
    linear.SGDClassifier: plan_sgd_classifier,
    linear.RidgeClassifier: plan_classifier,
    linear.RidgeClassifierCV: plan_classifier,
    linear.Perceptron: plan_classifier,
    linear.PassiveAggressiveClassifier: plan_classifier,
    svm.LinearSVC: plan_classifier,
    linear.LinearRegression: plan_regressor,
    linear.Ridge: plan_regressor,
    linear.RidgeCV: plan_regressor,
    linear.Lasso: plan_regressor,
    linear.LassoCV: plan_regressor,
    linear.ElasticNet: plan_regressor,
    linear.ElasticNetCV: plan_regressor,
    linear.MultiTaskLasso: plan_regressor,
    linear.MultiTaskElasticNet: plan_regressor,
    linear.Lars: plan_regressor,
    linear.LarsCV: plan_regressor,
    linear.LassoLars: plan_regressor,
    linear.LassoLarsCV: plan_regressor,
    linear.LassoLarsIC: plan_regressor,
    linear.OrthogonalMatchingPursuit: plan_regressor,
    linear.BayesianRidge: plan_regressor,
    linear.ARDRegression: plan_regressor,
    linear.SGDRegressor: plan_regressor,
    linear.PassiveAggressiveRegressor: plan_regressor,
    linear.HuberRegressor: plan_regressor,
    linear.TheilSenRegressor: plan_regressor,
    linear.QuantileRegressor: plan_regressor,
    svm.LinearSVR: plan_regressor,
    linear.PoissonRegressor: plan_log_regressor,
    linear.GammaRegressor: plan_log_regressor,
    linear.TweedieRegressor: plan_tweedie,
}

CLASSIFIER_PLANS = (plan_logistic, plan_sgd_classifier, plan_classifier)
DECIDING = {kind for kind, plan in LINEAR.items() if plan in CLASSIFIER_PLANS}
