"""Classifiers of two classes that have a threshold of their own."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from service.model.outputs import Outputs
from service.model.plan.predictors.sub_estimators import SubEstimators
from service.model.plan.steps import FinalStep


def plan_fixed_threshold(fitted: Any, parts: SubEstimators) -> FinalStep:
    return _plan_threshold(fitted, parts, fitted.threshold, fitted.pos_label)


def plan_tuned_threshold(fitted: Any, parts: SubEstimators) -> FinalStep:
    # No public attribute has the positive class: it is an argument of the metric.
    positive = fitted._curve_scorer._get_pos_label()
    return _plan_threshold(fitted, parts, fitted.best_threshold_, positive)


def _plan_threshold(
    fitted: Any, parts: SubEstimators, threshold: Any, positive: Any
) -> FinalStep:
    """Plan the positive class, the second if None, at the threshold or above."""
    index = 1 if positive is None else fitted.classes_.tolist().index(positive)
    score = _plan_score(fitted, parts, index)
    if threshold == "auto":
        threshold = 0.0 if _uses_decisions(fitted) else 0.5
    classes = np.array([1 - index, index])

    def predict(X: Any) -> Outputs:
        scores, probabilities = score(X)
        return Outputs(classes[(scores >= threshold).astype(np.intp)], probabilities)

    return predict


def _plan_score(
    fitted: Any, parts: SubEstimators, index: int
) -> Callable[[Any], tuple[Any, Any]]:
    """Return what gives the score of the positive class, and the probabilities."""
    ask = parts.plan_part(fitted.estimator_, decides=False)
    if not _uses_decisions(fitted):

        def read_probabilities(X: Any) -> tuple[Any, Any]:
            probabilities: Any = ask(X).probabilities
            return probabilities[:, index], probabilities

        return read_probabilities
    decide = parts.respond_decisions(fitted.estimator_)
    sign = 1 if index else -1
    return lambda X: (sign * decide(X)[:, 0], ask(X).probabilities)


def _uses_decisions(fitted: Any) -> bool:
    method = fitted.response_method
    has_probabilities = hasattr(fitted.estimator_, "predict_proba")
    return method == "decision_function" or (method == "auto" and not has_probabilities)


THRESHOLDS: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    FixedThresholdClassifier: plan_fixed_threshold,
    TunedThresholdClassifierCV: plan_tuned_threshold,
}
