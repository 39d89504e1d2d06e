"""AdaBoost: the vote of weighted classifiers, the weighted median of regressors.

Each function repeats scikit-learn's operations in scikit-learn's order.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble, tree

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refuse_non_finite
from service.model.plan.predictors.sub_estimators import (
    Response,
    SubEstimators,
    count_classes,
)
from service.model.plan.scores import link_values, softmax
from service.model.plan.steps import FinalStep, Numbers

CLASSIFYING_TREES = (tree.DecisionTreeClassifier, tree.ExtraTreeClassifier)
REGRESSION_TREES = (tree.DecisionTreeRegressor, tree.ExtraTreeRegressor)


def plan_adaboost_classifier(fitted: Any, parts: SubEstimators) -> FinalStep:
    count = count_classes(fitted)
    if count == 1:
        raise NoPlanError("AdaBoostClassifier has one class.")
    classify = _classify_by_all(fitted, parts)
    weights = fitted.estimator_weights_[: len(fitted.estimators_)].reshape(-1, 1, 1)
    total = fitted.estimator_weights_.sum()
    against = -1 / (count - 1) * weights

    def vote(X: Any) -> Outputs:
        is_chosen = classify(X)[:, :, np.newaxis] == np.arange(count)
        # cumsum adds one after another, as scikit-learn does, and sum in pairs.
        decisions = np.where(is_chosen, weights, against).cumsum(axis=0)[-1] / total
        if count > 2:
            classes = decisions.argmax(axis=1)
            return Outputs(classes, softmax(decisions / (count - 1)))
        decisions[:, 0] *= -1
        margin = decisions.sum(axis=1)
        both = np.vstack([-margin, margin]).T / 2
        return Outputs((margin > 0).astype(np.intp), softmax(both))

    return vote


def plan_adaboost_regressor(fitted: Any, parts: SubEstimators) -> FinalStep:
    weights = fitted.estimator_weights_
    members = fitted.estimators_
    if all(type(member) in REGRESSION_TREES for member in members):
        leaves = [member.tree_.value[:, 0, 0] for member in members]
        ask = _apply_trees(members, leaves)
    else:
        responses = [parts.respond(member, "values") for member in members]
        respond = _ask_all(responses)

        def ask(X: Any) -> np.ndarray:
            return respond(X)[:, :, 0]

    def find_median(X: Any) -> Outputs:
        found = ask(X).T
        order = np.argsort(found, axis=1)
        shares = np.cumsum(weights[order], axis=1)
        middle = (shares >= 0.5 * shares[:, -1][:, np.newaxis]).argmax(axis=1)
        rows = np.arange(len(found))
        return link_values(found[rows, order[rows, middle]].reshape(-1, 1))

    return find_median


def _classify_by_all(fitted: Any, parts: SubEstimators) -> Response:
    """Return what gives each member's class, as an index into the whole's classes."""
    members = fitted.estimators_
    codes = [np.searchsorted(fitted.classes_, member.classes_) for member in members]
    if all(type(member) in CLASSIFYING_TREES for member in members):
        leaves = [
            code[member.tree_.value[:, 0, : len(code)].argmax(axis=1)]
            for member, code in zip(members, codes, strict=True)
        ]
        return _apply_trees(members, leaves)
    responses = [parts.respond(member, "classes") for member in members]
    classify = _ask_all(responses)
    return lambda X: np.array(list(map(np.take, codes, classify(X))))


def _apply_trees(members: list[Any], leaves: list[np.ndarray]) -> Response:
    """Return what gives each tree's answer, shape (trees, n), by its leaves'."""
    found = [
        (member.tree_.apply, leaf) for member, leaf in zip(members, leaves, strict=True)
    ]

    def ask(X: Numbers) -> np.ndarray:
        single = X.astype(np.float32)
        refuse_non_finite(single)
        return np.array([leaf[apply(single)] for apply, leaf in found])

    return ask


def _ask_all(responses: list[Response]) -> Response:
    def ask(X: Numbers) -> np.ndarray:
        refuse_non_finite(X)
        return np.array([respond(X) for respond in responses])

    return ask


ADABOOST: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    ensemble.AdaBoostClassifier: plan_adaboost_classifier,
    ensemble.AdaBoostRegressor: plan_adaboost_regressor,
}
