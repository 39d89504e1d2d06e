"""One classifier for each class, pair of classes or bit of a code.

Each function repeats scikit-learn's operations in scikit-learn's order.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import multiclass
from sklearn.base import is_classifier, is_regressor
from sklearn.multiclass import _ConstantPredictor
from sklearn.utils.multiclass import _ovr_decision_function

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.clusters import find_nearest
from service.model.plan.predictors.sub_estimators import (
    Response,
    SubEstimators,
    count_classes,
)
from service.model.plan.scores import pair_probabilities
from service.model.plan.steps import FinalStep

# What gives the scores of a batch, and what chooses the classes by them.
Decision = tuple[Response, Response]


def plan_one_vs_rest(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a OneVsRestClassifier: the class of the highest score, or several labels."""
    score, choose = _plan_rest(fitted, parts)
    if not hasattr(fitted, "predict_proba"):
        return lambda X: Outputs(classes=choose(score(X)))
    ask = _join([_plan_probability(part, parts) for part in fitted.estimators_])
    link = pair_probabilities if fitted.multilabel_ else _divide_by_sums
    return lambda X: Outputs(choose(score(X)), link(ask(X)))


def plan_rest_scores(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a OneVsRestClassifier's class and decision function."""
    if fitted.multilabel_ or not hasattr(fitted, "decision_function"):
        raise NoPlanError("OneVsRestClassifier has no decision function of one label.")
    return _answer_scores(*_plan_rest(fitted, parts))


def plan_one_vs_one(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a OneVsOneClassifier: votes, and confidences where they are equal."""
    decide, choose = _plan_pairs(fitted, parts)
    return lambda X: Outputs(classes=choose(decide(X)))


def plan_pair_scores(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a OneVsOneClassifier's class and decision function."""
    return _answer_scores(*_plan_pairs(fitted, parts))


def plan_output_code(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan an OutputCodeClassifier: the class of the nearest code."""
    score, find = _score_all(fitted, parts), find_nearest(fitted.code_book_)
    return lambda X: Outputs(classes=find(score(X)))


def _plan_rest(fitted: Any, parts: SubEstimators) -> Decision:
    count, kind = count_classes(fitted), fitted.label_binarizer_.y_type_
    score = _score_all(fitted, parts)
    if kind == "multiclass":
        return score, _choose_highest
    if fitted.multilabel_:
        return score, _choose_above(_find_threshold(fitted))
    if kind == "binary" and count == 2:
        return score, _choose_second(_find_threshold(fitted))
    raise NoPlanError(f"OneVsRestClassifier has a {kind} target.")


def _plan_pairs(fitted: Any, parts: SubEstimators) -> Decision:
    count = count_classes(fitted)
    if fitted.pairwise_indices_ is not None:
        raise NoPlanError("OneVsOneClassifier takes distances between instances.")
    score = _score_all(fitted, parts)
    voters = [parts.respond(part, "classes") for part in fitted.estimators_]

    def decide(X: Any) -> np.ndarray:
        votes = np.array([voter(X) for voter in voters]).T
        decisions: np.ndarray = _ovr_decision_function(votes, score(X), count)
        return decisions if count > 2 else decisions[:, 1:]

    if count > 2:
        return decide, _choose_highest
    return decide, _choose_second(_find_threshold(fitted))


def _answer_scores(decide: Response, choose: Response) -> FinalStep:
    def predict(X: Any) -> Outputs:
        decisions = decide(X)
        return Outputs(choose(decisions), values=np.ascontiguousarray(decisions))

    return predict


# Scores


def _score_all(fitted: Any, parts: SubEstimators) -> Response:
    """Return what gives the score of each member, shape (n, members), by column."""
    return _join([_plan_score(part, parts) for part in fitted.estimators_])


def _join(members: list[Response]) -> Response:
    """Return the answers of all members side by side, as scikit-learn lays them."""

    def ask(X: Any) -> np.ndarray:
        found = np.broadcast_arrays(*[member(X) for member in members])
        return np.array(found, order="C", dtype=np.float64).T

    return ask


def _plan_score(part: Any, parts: SubEstimators) -> Response:
    if isinstance(part, _ConstantPredictor):
        return _answer_constant(part)
    if is_regressor(part):
        values = parts.respond(part, "values")
        return lambda X: values(X)[:, 0]
    if hasattr(part, "decision_function"):
        decide = parts.respond_decisions(part)
        return lambda X: decide(X).ravel()
    return _plan_probability(part, parts)


def _plan_probability(part: Any, parts: SubEstimators) -> Response:
    if isinstance(part, _ConstantPredictor):
        return _answer_constant(part)
    probabilities = parts.respond(part, "probabilities")
    return lambda X: probabilities(X)[:, 1]


def _answer_constant(part: Any) -> Response:
    """Return the answer of a part that saw one class, as an array of one."""
    constant = np.asarray(part.y_, dtype=np.float64)
    return lambda _: constant


def _divide_by_sums(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities that add up to one, unless all are zero."""
    if probabilities.shape[1] == 1:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    sums = probabilities.sum(axis=1)[:, np.newaxis]
    np.divide(probabilities, sums, out=probabilities, where=sums != 0)
    return np.ascontiguousarray(probabilities)


# Classes


def _find_threshold(fitted: Any) -> float:
    first = fitted.estimators_[0]
    decides = hasattr(first, "decision_function") and is_classifier(first)
    return 0.0 if decides else 0.5


def _choose_highest(scores: np.ndarray) -> np.ndarray:
    highest: np.ndarray = scores.argmax(axis=1)
    return highest


def _choose_above(threshold: float) -> Response:
    return lambda scores: np.ascontiguousarray(scores > threshold, dtype=np.intp)


def _choose_second(threshold: float) -> Response:
    return lambda scores: (scores[:, 0] > threshold).astype(np.intp)


# What makes an array of a frame before it asks its parts.
PAIRS: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    multiclass.OneVsOneClassifier: plan_one_vs_one
}
MULTICLASS: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    multiclass.OneVsRestClassifier: plan_one_vs_rest,
    multiclass.OutputCodeClassifier: plan_output_code,
    **PAIRS,
}
# With decision scores.
MULTICLASS_SCORES: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    multiclass.OneVsRestClassifier: plan_rest_scores,
    multiclass.OneVsOneClassifier: plan_pair_scores,
}
