"""Naive Bayes: the joint log likelihood, and what follows from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import naive_bayes

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.scores import Scores, refuse_non_finite
from service.model.plan.steps import FinalStep, Numbers


def _normalise(joint: np.ndarray) -> np.ndarray:
    """Return exp(joint - logsumexp(joint)), as sklearn 1.9's _logsumexp sums it."""
    highest = joint.max(axis=1, keepdims=True)
    is_highest = joint == highest
    count = is_highest.sum(axis=1, keepdims=True, dtype=np.float64)
    rest = joint.copy(order="K")
    rest[is_highest] = -np.inf
    rest -= highest
    sums = np.exp(rest).sum(axis=1, keepdims=True)
    total = np.log1p(sums / count) + np.log(count) + highest
    probabilities: np.ndarray = np.exp(joint - total)
    return probabilities


def _plan_bayes(fitted: Any, score: Scores) -> FinalStep:
    def run(X: Numbers) -> Outputs:
        joint = score(X)
        return Outputs(classes=joint.argmax(axis=1), probabilities=_normalise(joint))

    return refuse_non_finite(fitted, run)


def _require_double(fitted: Any, weights: np.ndarray) -> np.ndarray:
    if weights.dtype != np.float64:
        raise NoPlanError(f"{type(fitted).__name__} was not fitted in float64.")
    return weights


def plan_gaussian(fitted: Any) -> FinalStep:
    """Plan a GaussianNB."""
    means = _require_double(fitted, fitted.theta_)[:, np.newaxis, :]
    variances = fitted.var_[:, np.newaxis, :]
    priors = np.log(fitted.class_prior_)[:, np.newaxis]
    # Summed class by class, as scikit-learn sums it, for the last bit.
    scales = np.array([-0.5 * np.sum(np.log(2.0 * np.pi * v)) for v in fitted.var_])
    scales = scales[:, np.newaxis]

    def score(X: Numbers) -> np.ndarray:
        distances = (((X - means) ** 2) / variances).sum(axis=2)
        joint: np.ndarray = priors + (scales - 0.5 * distances)
        return joint.T

    return _plan_bayes(fitted, score)


def plan_bernoulli(fitted: Any) -> FinalStep:
    """Plan a BernoulliNB, which first compares with its threshold."""
    logs = _require_double(fitted, fitted.feature_log_prob_)
    negative = np.log(1 - np.exp(logs))
    weights = (logs - negative).T
    offset = fitted.class_log_prior_ + negative.sum(axis=1)
    threshold = fitted.binarize

    def score(X: Numbers) -> np.ndarray:
        if threshold is not None:
            X = np.greater(X, threshold).astype(np.float64)
        joint: np.ndarray = X @ weights + offset
        return joint

    return _plan_bayes(fitted, score)


def plan_multinomial(fitted: Any) -> FinalStep:
    """Plan a MultinomialNB."""
    weights = _require_double(fitted, fitted.feature_log_prob_).T
    offset = fitted.class_log_prior_
    return _plan_bayes(fitted, lambda X: X @ weights + offset)


def plan_complement(fitted: Any) -> FinalStep:
    """Plan a ComplementNB, which knows no prior once there are two classes."""
    if len(fitted.classes_) < 2:
        raise NoPlanError("ComplementNB has one class.")
    weights = _require_double(fitted, fitted.feature_log_prob_).T
    return _plan_bayes(fitted, lambda X: X @ weights)


BAYES: dict[type, Callable[[Any], FinalStep]] = {
    naive_bayes.GaussianNB: plan_gaussian,
    naive_bayes.BernoulliNB: plan_bernoulli,
    naive_bayes.MultinomialNB: plan_multinomial,
    naive_bayes.ComplementNB: plan_complement,
}
