"""Naive Bayes: the joint log likelihood, and what follows from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import naive_bayes

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import Scores, link_joint_logs
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.transformers.sparse_rows import mark_above


def _plan_bayes(score: Scores) -> FinalStep:
    return refusing_non_finite(lambda X: link_joint_logs(score(X)))


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


def plan_categorical(fitted: Any) -> FinalStep:
    """Plan a CategoricalNB, which adds a logarithm of each category, column by column.

    A category that it has none for is an IndexError of its own, too.
    """
    logs = [read_floats(found).T for found in fitted.feature_log_prob_]
    prior, count = fitted.class_log_prior_, len(fitted.classes_)

    def score(X: Numbers) -> np.ndarray:
        codes = X.astype(np.int64)
        if (codes < 0).any():
            raise ValueError("A category is negative.")
        joint = np.zeros((len(X), count))
        for column, found in zip(codes.T, logs, strict=True):
            joint += found[column]
        return joint + prior  # type: ignore[no-any-return]

    return _plan_bayes(score)


BAYES: dict[type, Callable[[Any], FinalStep]] = {
    naive_bayes.GaussianNB: plan_gaussian,
    naive_bayes.BernoulliNB: plan_bernoulli,
    naive_bayes.MultinomialNB: plan_multinomial,
    naive_bayes.ComplementNB: plan_complement,
    naive_bayes.CategoricalNB: plan_categorical,
}
