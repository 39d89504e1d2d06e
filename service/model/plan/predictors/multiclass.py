"""One classifier a class, a pair of classes or a bit of a code, and their decision.

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
from service.model.plan.predictors.parts import Parts, Response, count_classes
from service.model.plan.scores import pair_probabilities
from service.model.plan.steps import FinalStep


def plan_one_vs_rest(fitted: Any, parts: Parts) -> FinalStep:
    """Plan a OneVsRestClassifier: the class of the highest score, or several labels."""
    count = count_classes(fitted)
    score = _score_all(fitted, parts)
    find_chances = _find_chances(fitted, parts)
    link_chances = pair_probabilities if fitted.multilabel_ else _share
    kind = fitted.label_binarizer_.y_type_
    if kind == "multiclass":
        choose: Response = _choose_highest
    elif (kind == "binary" and count == 2) or fitted.multilabel_:
        choose = _choose_above(_find_threshold(fitted), is_one=not fitted.multilabel_)
    else:
        raise NoPlanError(f"OneVsRestClassifier has a {kind} target.")

    def predict(X: Any) -> Outputs:
        classes = choose(score(X))
        if find_chances is None:
            return Outputs(classes=classes)
        return Outputs(classes, link_chances(find_chances(X)))

    return predict


def plan_one_vs_one(fitted: Any, parts: Parts) -> FinalStep:
    """Plan a OneVsOneClassifier: votes, and confidences where they are equal."""
    count = count_classes(fitted)
    if fitted.pairwise_indices_ is not None:
        raise NoPlanError("OneVsOneClassifier takes distances between instances.")
    score = _score_all(fitted, parts)
    voters = [parts.respond(part, "classes") for part in fitted.estimators_]
    exceed = _choose_above(_find_threshold(fitted), is_one=True)

    def predict(X: Any) -> Outputs:
        votes = np.array([voter(X) for voter in voters]).T
        decisions = _ovr_decision_function(votes, score(X), count)
        if count == 2:
            return Outputs(classes=exceed(decisions[:, 1:]))
        return Outputs(classes=decisions.argmax(axis=1))

    return predict


def plan_output_code(fitted: Any, parts: Parts) -> FinalStep:
    """Plan an OutputCodeClassifier: the class of the nearest code."""
    score, find = _score_all(fitted, parts), find_nearest(fitted.code_book_)

    return lambda X: Outputs(classes=find(score(X)))


def _score_all(fitted: Any, parts: Parts) -> Response:
    """Return what gives the score of each member, shape (n, members), by column."""
    members = [_plan_score(part, parts) for part in fitted.estimators_]

    def score(X: Any) -> np.ndarray:
        found = np.broadcast_arrays(*[member(X) for member in members])
        return np.array(found, order="F", dtype=np.float64).T

    return score


def _plan_score(part: Any, parts: Parts) -> Response:
    if isinstance(part, _ConstantPredictor):
        return _answer_constant(part)
    if is_regressor(part):
        values = parts.respond(part, "values")
        return lambda X: values(X)[:, 0]
    if hasattr(part, "decision_function"):
        decide = parts.respond_decisions(part)
        return lambda X: decide(X).ravel()
    probabilities = parts.respond(part, "probabilities")
    return lambda X: probabilities(X)[:, 1]


def _find_chances(fitted: Any, parts: Parts) -> Response | None:
    """Return what gives each member's probability, None if they have none."""
    if not hasattr(fitted, "predict_proba"):
        return None
    members = [_plan_chance(part, parts) for part in fitted.estimators_]

    def find(X: Any) -> np.ndarray:
        return np.array(np.broadcast_arrays(*[member(X) for member in members])).T

    return find


def _plan_chance(part: Any, parts: Parts) -> Response:
    if isinstance(part, _ConstantPredictor):
        return _answer_constant(part)
    probabilities = parts.respond(part, "probabilities")
    return lambda X: probabilities(X)[:, 1]


def _answer_constant(part: Any) -> Response:
    """Return the answer of a part that saw one class, as an array of one."""
    constant = np.asarray(part.y_, dtype=np.float64)
    return lambda _: constant


def _share(chances: np.ndarray) -> np.ndarray:
    """Return probabilities that add up to one, unless all are zero."""
    if chances.shape[1] == 1:
        chances = np.concatenate([1 - chances, chances], axis=1)
    sums = chances.sum(axis=1)[:, np.newaxis]
    np.divide(chances, sums, out=chances, where=sums != 0)
    return np.ascontiguousarray(chances)


def _find_threshold(fitted: Any) -> float:
    first = fitted.estimators_[0]
    decides = hasattr(first, "decision_function") and is_classifier(first)
    return 0.0 if decides else 0.5


def _choose_highest(scores: np.ndarray) -> np.ndarray:
    highest: np.ndarray = scores.argmax(axis=1)
    return highest


def _choose_above(threshold: float, *, is_one: bool) -> Response:
    """Return what says of each score, or of the only one, if it is above."""

    def choose(scores: np.ndarray) -> np.ndarray:
        is_above = (scores > threshold).astype(np.intp)
        return is_above[:, 0] if is_one else np.ascontiguousarray(is_above)

    return choose


MULTICLASS: dict[type, Callable[[Any, Parts], FinalStep]] = {
    multiclass.OneVsRestClassifier: plan_one_vs_rest,
    multiclass.OneVsOneClassifier: plan_one_vs_one,
    multiclass.OutputCodeClassifier: plan_output_code,
}
# What makes an array of a frame before it asks its parts.
PAIRS = {multiclass.OneVsOneClassifier: plan_one_vs_one}
