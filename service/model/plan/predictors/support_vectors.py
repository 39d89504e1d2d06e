"""Support vector machines: labels, probabilities and values of libsvm's scores.

What is spared is the checks of each call, and the second comparison with all support
vectors that `predict_proba`, or `decision_function`, makes after `predict`.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from sklearn import svm
from sklearn.utils.multiclass import _ovr_decision_function

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.predictors.libsvm import plan_coupling, plan_libsvm
from service.model.plan.scores import as_columns, link_inliers
from service.model.plan.steps import FinalStep

# Classifiers


def _plan_decisions(fitted: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes decision_function of libsvm's scores of pairs of classes."""
    count = len(fitted.classes_)
    if count == 2:
        return np.negative
    if fitted.decision_function_shape == "ovo":
        return np.asarray
    return lambda scores: _ovr_decision_function(scores < 0, -scores, count)


def _plan_labels(fitted: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes classes of the scores: each pair of classes has one vote."""
    count = len(fitted.classes_)
    if fitted.break_ties:
        if fitted.decision_function_shape == "ovo":
            raise NoPlanError("scikit-learn does not break ties of pairs.")
        if count > 2:
            decide = _plan_decisions(fitted)
            return lambda scores: decide(scores).argmax(axis=1)
    # By rows of pairs and columns of classes: who gets the vote, above zero or not.
    pairs = np.array(list(combinations(range(count), 2)))
    above, below = np.eye(count)[pairs[:, 0]], np.eye(count)[pairs[:, 1]]
    changes, base = above - below, below.sum(axis=0)
    return lambda scores: ((scores > 0) @ changes + base).argmax(axis=1)


def plan_svc(fitted: Any) -> FinalStep:
    """Plan the label of an SVC or NuSVC, with probabilities where it has some."""
    score, find_labels = plan_libsvm(fitted, "decision_function"), _plan_labels(fitted)
    if not hasattr(fitted, "predict_proba"):
        return refusing_non_finite(lambda X: Outputs(classes=find_labels(score(X))))
    find_probabilities = plan_coupling(fitted)

    def predict(X: Any) -> Outputs:
        scores = score(X)
        return Outputs(find_labels(scores), find_probabilities(X, scores))

    return refusing_non_finite(predict)


def plan_svc_scores(fitted: Any) -> FinalStep:
    """Plan a label and its decision scores."""
    score, find_labels = plan_libsvm(fitted, "decision_function"), _plan_labels(fitted)
    decide = _plan_decisions(fitted)

    def predict(X: Any) -> Outputs:
        scores = score(X)
        return Outputs(classes=find_labels(scores), values=as_columns(decide(scores)))

    return refusing_non_finite(predict)


def plan_svc_decision(fitted: Any) -> FinalStep:
    """Plan decision_function, with one column for two classes."""
    score, decide = plan_libsvm(fitted, "decision_function"), _plan_decisions(fitted)
    return refusing_non_finite(lambda X: Outputs(values=decide(score(X))))


# Regressors and detectors


def plan_svr(fitted: Any) -> FinalStep:
    """Plan an SVR or NuSVR, whose values are libsvm's scores."""
    score = plan_libsvm(fitted, "decision_function")
    return refusing_non_finite(lambda X: Outputs(values=score(X)))


def plan_one_class(fitted: Any) -> FinalStep:
    """Plan predict and score_samples, as tasks/outliers.py asks for them."""
    score, offset = plan_libsvm(fitted, "decision_function"), fitted.offset_

    def predict(X: Any) -> Outputs:
        scores = score(X)
        return link_inliers(scores > 0, scores + offset)

    return refusing_non_finite(predict)


PREDICTORS: dict[type, Callable[[Any], FinalStep]] = {
    svm.SVC: plan_svc,
    svm.NuSVC: plan_svc,
    svm.SVR: plan_svr,
    svm.NuSVR: plan_svr,
    svm.OneClassSVM: plan_one_class,
}
# With decision scores, and these alone.
SCORES = dict.fromkeys((svm.SVC, svm.NuSVC), plan_svc_scores)
DECISIONS = dict.fromkeys((svm.SVC, svm.NuSVC), plan_svc_decision)
