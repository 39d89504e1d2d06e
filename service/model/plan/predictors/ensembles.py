"""Wrappers: estimators whose answer is made of the answers of others.

A wrapper hands on what it is given, whatever that is: only the parts look into it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.preprocessing import FunctionTransformer

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.calibration import (
    DECISIONS,
    PlanPart,
    Response,
    plan_calibrated,
    require_one_target,
    respond_decisions,
    respond_probabilities,
    take,
)
from service.model.plan.predictors.linear import LINEAR
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.trees.forests import TREES

__all__ = ["DECISIONS", "WRAPPERS"]


def _require_classes(fitted: Any, count: int) -> None:
    """Refuse a part whose classes are not 0, 1, ... as the ensemble encoded them."""
    if not np.array_equal(fitted.classes_, np.arange(count)):
        raise NoPlanError(f"{type(fitted).__name__} has not the ensemble's classes.")


# Votes


def _list_weights(fitted: Any) -> list[float] | None:
    if fitted.weights is None:
        return None
    named = zip(fitted.estimators, fitted.weights, strict=True)
    return [weight for (_, part), weight in named if not isinstance(part, str)]


def plan_voting_classifier(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a VotingClassifier, soft or hard."""
    count, weights = require_one_target(fitted), _list_weights(fitted)
    for part in fitted.estimators_:
        _require_classes(part, count)
    if fitted.voting == "soft":
        members = [respond_probabilities(p, plan_part) for p in fitted.estimators_]

        def run_soft(X: Any) -> Outputs:
            found = np.asarray([member(X) for member in members])
            mean = np.average(found, axis=0, weights=weights)
            return Outputs(classes=mean.argmax(axis=1), probabilities=mean)

        return run_soft
    steps = [plan_part(part) for part in fitted.estimators_]

    def run_hard(X: Any) -> Outputs:
        votes = np.asarray([take(step(X).classes) for step in steps]).T
        counts = [np.argmax(np.bincount(row, weights=weights)) for row in votes]
        return Outputs(classes=np.array(counts))

    return run_hard


def plan_voting_regressor(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a VotingRegressor."""
    steps = [plan_part(part) for part in fitted.estimators_]
    weights = _list_weights(fitted)

    def run(X: Any) -> Outputs:
        found = np.asarray([take(step(X).values)[:, 0] for step in steps]).T
        mean = np.average(found, axis=1, weights=weights)
        return Outputs(values=mean.reshape(-1, 1))

    return run


# Stacks


def _plan_numeric(fitted: Any) -> FinalStep:
    """Plan a part that is given numbers of the ensemble's own making."""
    plan = (LINEAR | BAYES | TREES).get(type(fitted))
    if plan is None:
        raise NoPlanError(f"{type(fitted).__name__} has no compiled form.")
    return plan(fitted)


def _plan_column(part: Any, method: str, count: int, plan_part: PlanPart) -> Response:
    if method == "decision_function":
        return respond_decisions(part, plan_part)
    if method == "predict_proba":
        response = respond_probabilities(part, plan_part)
        return (lambda X: response(X)[:, 1:]) if count == 2 else response
    step = plan_part(part)
    if not count:
        return lambda X: take(step(X).values)
    labels = part.classes_
    if np.asarray(labels).dtype.kind not in "iuf":
        raise NoPlanError("A stack of labels that are no numbers.")
    return lambda X: labels[take(step(X).classes)].reshape(-1, 1)


def plan_stack(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a StackingClassifier or StackingRegressor."""
    count = require_one_target(fitted) if hasattr(fitted, "classes_") else 0
    last = fitted.final_estimator_
    if count:
        _require_classes(last, count)
    final = _plan_numeric(last)
    columns = [
        _plan_column(part, method, count, plan_part)
        for part, method in zip(fitted.estimators_, fitted.stack_method_, strict=True)
    ]
    passes = fitted.passthrough

    def run(X: Any) -> Outputs:
        found = [column(X) for column in columns]
        if passes:
            found.append(_require_numbers(X))
        return final(np.hstack(found))

    return run


def _require_numbers(X: Any) -> Numbers:
    if not isinstance(X, np.ndarray) or X.dtype != np.float64:
        raise NoPlanError("An ensemble that takes its columns apart needs numbers.")
    return X


# Bags


def _plan_bagged(fitted: Any, plan_part: PlanPart) -> list[FinalStep]:
    every = np.arange(fitted.n_features_in_)
    steps: list[FinalStep] = []
    for part, features in zip(
        fitted.estimators_, fitted.estimators_features_, strict=True
    ):
        if np.array_equal(features, every):
            steps.append(plan_part(part))
        else:
            steps.append(_take_features(_plan_numeric(part), features))
    return steps


def _take_features(step: FinalStep, features: Any) -> FinalStep:
    return lambda X: step(_require_numbers(X).take(features, axis=1))


def plan_bagging_classifier(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a BaggingClassifier whose parts have probabilities and every class."""
    count = require_one_target(fitted)
    for part in fitted.estimators_:
        _require_classes(part, count)
        if not hasattr(part, "predict_proba"):
            raise NoPlanError("A BaggingClassifier of parts without probabilities.")
    steps = _plan_bagged(fitted, plan_part)

    def run(X: Any) -> Outputs:
        total = take(steps[0](X).probabilities)
        for step in steps[1:]:
            total += take(step(X).probabilities)
        total /= len(steps)
        return Outputs(classes=total.argmax(axis=1), probabilities=total)

    return run


def plan_bagging_regressor(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a BaggingRegressor."""
    steps = _plan_bagged(fitted, plan_part)

    def run(X: Any) -> Outputs:
        total = take(steps[0](X).values)
        for step in steps[1:]:
            total += take(step(X).values)
        total /= len(steps)
        return Outputs(values=total)

    return run


# One part


def plan_transformed_target(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a TransformedTargetRegressor."""
    step = plan_part(fitted.regressor_)
    transformer = fitted.transformer_
    inverse = transformer.inverse_transform
    direct = None
    if type(transformer) is FunctionTransformer and not transformer.inv_kw_args:
        direct = transformer.inverse_func

    def run(X: Any) -> Outputs:
        values = take(step(X).values)
        # What is not finite, scikit-learn refuses itself.
        undo = direct if direct is not None and np.isfinite(values).all() else inverse
        return Outputs(values=np.asarray(undo(values)).reshape(len(values), -1))

    return run


def plan_search(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a search by the best estimator it found."""
    if not hasattr(fitted, "best_estimator_"):
        raise NoPlanError(f"{type(fitted).__name__} was not refitted.")
    return plan_part(fitted.best_estimator_)


def plan_frozen(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a FrozenEstimator as what it froze."""
    return plan_part(fitted.estimator)


WRAPPERS: dict[type, Callable[[Any, PlanPart], FinalStep]] = {
    CalibratedClassifierCV: plan_calibrated,
    ensemble.VotingClassifier: plan_voting_classifier,
    ensemble.VotingRegressor: plan_voting_regressor,
    ensemble.StackingClassifier: plan_stack,
    ensemble.StackingRegressor: plan_stack,
    ensemble.BaggingClassifier: plan_bagging_classifier,
    ensemble.BaggingRegressor: plan_bagging_regressor,
    TransformedTargetRegressor: plan_transformed_target,
    GridSearchCV: plan_search,
    RandomizedSearchCV: plan_search,
    FrozenEstimator: plan_frozen,
}
