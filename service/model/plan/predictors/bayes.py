"""Naive Bayes: the joint log likelihood, and what follows from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import naive_bayes

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import Scores
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.transformers.sparse_rows import mark_above


def _exponentiate(joint: np.ndarray) -> np.ndarray:
    """Return exp(joint - logsumexp(joint)), as scikit-learn's _logsumexp sums it."""
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


def _plan_bayes(score: Scores) -> FinalStep:
    def predict(X: Numbers) -> Outputs:
        joint = score(X)
        return Outputs(classes=joint.argmax(axis=1), probabilities=_exponentiate(joint))

    return refusing_non_finite(predict)


def plan_gaussian(fitted: Any) -> FinalStep:
    means = read_floats(fitted.theta_)[:, np.newaxis, :]
    variances = fitted.var_[:, np.newaxis, :]
    priors = np.log(fitted.class_prior_)[:, np.newaxis]
    # Summed class by class, as scikit-learn sums it, for the last bit.
    scales = np.array([-0.5 * np.sum(np.log(2.0 * np.pi * v)) for v in fitted.var_])
    scales = scales[:, np.newaxis]

    def score(X: Numbers) -> np.ndarray:
        distances = (((X - means) ** 2) / variances).sum(axis=2)
        return (priors + (scales - 0.5 * distances)).T  # type: ignore[no-any-return]

    return _plan_bayes(score)


def plan_bernoulli(fitted: Any) -> FinalStep:
    """Plan a BernoulliNB, which first compares with its threshold."""
    logs = read_floats(fitted.feature_log_prob_)
    negative = np.log(1 - np.exp(logs))
    weights = (logs - negative).T
    offset = fitted.class_log_prior_ + negative.sum(axis=1)
    threshold = fitted.binarize

    def score(X: Numbers) -> np.ndarray:
        if threshold is not None:
            X = mark_above(X, threshold)
        return X @ weights + offset  # type: ignore[no-any-return]

    return _plan_bayes(score)


def plan_multinomial(fitted: Any) -> FinalStep:
    weights = read_floats(fitted.feature_log_prob_).T
    offset = fitted.class_log_prior_
    return _plan_bayes(lambda X: X @ weights + offset)


def plan_complement(fitted: Any) -> FinalStep:
    """Plan a ComplementNB, which knows no prior once there are two classes."""
    if len(fitted.classes_) < 2:
        raise NoPlanError("ComplementNB has one class.")
    weights = read_floats(fitted.feature_log_prob_).T
    return _plan_bayes(lambda X: X @ weights)


BAYES: dict[type, Callable[[Any], FinalStep]] = {
    naive_bayes.GaussianNB: plan_gaussian,
    naive_bayes.BernoulliNB: plan_bernoulli,
    naive_bayes.MultinomialNB: plan_multinomial,
    naive_bayes.ComplementNB: plan_complement,
}
