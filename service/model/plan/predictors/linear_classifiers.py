"""Linear classifiers: one matrix product, then scikit-learn's own link.

Each function repeats predict and predict_proba operation by operation, and so to the
last bit.
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
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.predictors.linear_regressors import score_linearly
from service.model.plan.scores import (
    Scores,
    as_columns,
    drop_names,
    link_inliers,
    normalise,
    softmax,
    two_columns,
)
from service.model.plan.steps import FinalStep, Numbers

# What makes probabilities of scores.
Transform = Callable[[np.ndarray], np.ndarray]


def _score_decisions(fitted: Any) -> Scores:
    """Return decision_function: (n,) for two classes, else (n, classes)."""
    answer = drop_names(fitted).predict(np.zeros((1, fitted.n_features_in_)))
    if np.ndim(answer) != 1 or len(fitted.classes_) < 2:
        raise NoPlanError(f"{type(fitted).__name__} has several outputs, or one class.")
    score = score_linearly(fitted)
    if fitted.coef_.ndim == 2 and len(fitted.coef_) == 1:
        return lambda X: score(X).reshape(-1)
    return score


def plan_linear_decision(fitted: Any) -> FinalStep:
    """Plan decision_function, with one column for two classes."""
    score = _score_decisions(fitted)
    return refusing_non_finite(lambda X: Outputs(values=as_columns(score(X))))


def _link_logistic(scores: np.ndarray) -> np.ndarray:
    return two_columns(expit(scores)) if scores.ndim == 1 else softmax(scores)


def _link_each_logistic(scores: np.ndarray) -> np.ndarray:
    return two_columns(expit(scores)) if scores.ndim == 1 else normalise(expit(scores))


def _link_modified_huber(scores: np.ndarray) -> np.ndarray:
    halves = (np.clip(scores, -1, 1) + 1.0) / 2.0
    return two_columns(halves) if scores.ndim == 1 else normalise(halves)


def _classify_scores(scores: np.ndarray) -> np.ndarray:
    return (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)


def _classify(fitted: Any, link: Transform | None) -> FinalStep:
    score = _score_decisions(fitted)

    def predict(X: Numbers) -> Outputs:
        scores = score(X)
        classes = _classify_scores(scores)
        if link is None:
            return Outputs(classes=classes)
        return Outputs(classes=classes, probabilities=link(scores))

    return refusing_non_finite(predict)


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


def plan_linear_scores(fitted: Any) -> FinalStep:
    """Plan a classifier's label and its decision scores."""
    score = _score_decisions(fitted)

    def predict(X: Numbers) -> Outputs:
        scores = score(X)
        return Outputs(classes=_classify_scores(scores), values=as_columns(scores))

    return refusing_non_finite(predict)


def plan_one_class(fitted: Any) -> FinalStep:
    """Plan an SGDOneClassSVM's predict and score_samples."""
    weights, offset = read_floats(np.atleast_2d(fitted.coef_)).T, fitted.offset_

    def predict(X: Numbers) -> Outputs:
        decisions = X @ weights - offset
        return link_inliers(decisions >= 0, decisions + offset)

    return refusing_non_finite(predict)


CLASSIFIERS: dict[type, Callable[[Any], FinalStep]] = {
    linear.LogisticRegression: plan_logistic,
    linear.LogisticRegressionCV: plan_logistic,
    LinearDiscriminantAnalysis: plan_logistic,
    linear.SGDClassifier: plan_sgd_classifier,
    linear.RidgeClassifier: plan_classifier,
    linear.RidgeClassifierCV: plan_classifier,
    linear.Perceptron: plan_classifier,
    linear.PassiveAggressiveClassifier: plan_classifier,
    svm.LinearSVC: plan_classifier,
}
LINEAR_CLASSIFIERS: dict[type, Callable[[Any], FinalStep]] = {
    **CLASSIFIERS,
    linear.SGDOneClassSVM: plan_one_class,
}
# With decision scores.
LINEAR_SCORES = dict.fromkeys(CLASSIFIERS, plan_linear_scores)
LINEAR_DECISIONS = dict.fromkeys(CLASSIFIERS, plan_linear_decision)
