"""Votes, stacks, bags and transformed targets."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble
from sklearn.compose import TransformedTargetRegressor

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.sub_estimators import (
    Response,
    SubEstimators,
    average,
    count_classes,
    read_answer,
    require_classes,
    take_features,
)
from service.model.plan.scores import link_probabilities, link_values
from service.model.plan.steps import FinalStep
from service.model.plan.transformers.inverse_transforms import plan_inverse

# Votes


def _list_weights(fitted: Any) -> list[float] | None:
    if fitted.weights is None:
        return None
    named = zip(fitted.estimators, fitted.weights, strict=True)
    return [weight for (_, part), weight in named if not isinstance(part, str)]


def plan_voting_classifier(fitted: Any, parts: SubEstimators) -> FinalStep:
    count, weights = count_classes(fitted), _list_weights(fitted)
    for part in fitted.estimators_:
        require_classes(part, count)
    if fitted.voting == "soft":
        members = [parts.respond(part, "probabilities") for part in fitted.estimators_]

        def average_all(X: Any) -> Outputs:
            found = np.asarray([member(X) for member in members])
            return link_probabilities(np.average(found, axis=0, weights=weights))

        return average_all
    voters = [parts.respond(part, "classes") for part in fitted.estimators_]

    def count_votes(X: Any) -> Outputs:
        votes = np.asarray([voter(X) for voter in voters]).T
        counts = [np.argmax(np.bincount(row, weights=weights)) for row in votes]
        return Outputs(classes=np.array(counts))

    return count_votes


def plan_voting_regressor(fitted: Any, parts: SubEstimators) -> FinalStep:
    members = [parts.respond(part, "values") for part in fitted.estimators_]
    weights = _list_weights(fitted)

    def average_all(X: Any) -> Outputs:
        found = np.asarray([member(X)[:, 0] for member in members]).T
        return link_values(np.average(found, axis=1, weights=weights).reshape(-1, 1))

    return average_all


# Stacks


def plan_stack(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a StackingClassifier or StackingRegressor."""
    count = count_classes(fitted) if hasattr(fitted, "classes_") else 0
    if count:
        require_classes(fitted.final_estimator_, count)
    final = parts.plan_numeric(fitted.final_estimator_)
    columns = [
        _plan_column(part, method, count, parts)
        for part, method in zip(fitted.estimators_, fitted.stack_method_, strict=True)
    ]
    if fitted.passthrough:
        # Beside predictions in float64, so a column of float32 becomes float64 too.
        columns.append(parts.read_numbers(takes_single=True))
    return lambda X: final(np.hstack([column(X) for column in columns]))


def _plan_column(part: Any, method: str, count: int, parts: SubEstimators) -> Response:
    if method == "decision_function":
        return parts.respond_decisions(part)
    if method == "predict_proba":
        response = parts.respond(part, "probabilities")
        return (lambda X: response(X)[:, 1:]) if count == 2 else response
    if not count:
        return parts.respond(part, "values")
    classify, labels = parts.respond(part, "classes"), part.classes_
    if np.asarray(labels).dtype.kind not in "iuf":
        raise NoPlanError("A stack of labels that are no numbers.")
    return lambda X: labels[classify(X)].reshape(-1, 1)


# Bags


def plan_bag(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a BaggingRegressor, or a BaggingClassifier: the mean over its parts."""
    is_classifier = hasattr(fitted, "classes_")
    plan = _plan_share if is_classifier else _plan_bagged
    link = link_probabilities if is_classifier else link_values
    pairs = zip(fitted.estimators_, fitted.estimators_features_, strict=True)
    mean = average([plan(part, features, fitted, parts) for part, features in pairs])
    return lambda X: link(mean(X))


def _plan_share(
    part: Any, features: Any, fitted: Any, parts: SubEstimators
) -> Response:
    """Return what gives a part's probabilities of all classes, or its vote for one."""
    count, columns = count_classes(fitted), part.classes_
    if not hasattr(part, "predict_proba"):
        vote = _plan_bagged(part, features, fitted, parts, "classes")
        votes = np.eye(count)[columns]
        return lambda X: votes[vote(X)]
    respond = _plan_bagged(part, features, fitted, parts, "probabilities")
    if len(columns) == count:
        return respond

    def spread(X: Any) -> np.ndarray:
        found = respond(X)
        shares = np.zeros((len(found), count))
        shares[:, columns] = found
        return shares

    return spread


def _plan_bagged(
    part: Any, features: Any, fitted: Any, parts: SubEstimators, answer: str = "values"
) -> Response:
    if np.array_equal(features, np.arange(fitted.n_features_in_)):
        return parts.respond(part, answer)
    read = parts.read_numbers()
    respond = read_answer(take_features(parts.plan_numeric(part), features), answer)
    return lambda X: respond(read(X))


# Transformed targets


def plan_transformed_target(fitted: Any, parts: SubEstimators) -> FinalStep:
    respond = parts.respond(fitted.regressor_, "values")
    undo = plan_inverse(fitted.transformer_)

    def restore(X: Any) -> Outputs:
        values = respond(X)
        return Outputs(values=np.asarray(undo(values)).reshape(len(values), -1))

    return restore


# What makes an array of a frame before it asks its parts.
BAGS: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    ensemble.BaggingClassifier: plan_bag,
    ensemble.BaggingRegressor: plan_bag,
}
ENSEMBLES: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    ensemble.VotingClassifier: plan_voting_classifier,
    ensemble.VotingRegressor: plan_voting_regressor,
    ensemble.StackingClassifier: plan_stack,
    ensemble.StackingRegressor: plan_stack,
    **BAGS,
    TransformedTargetRegressor: plan_transformed_target,
}
