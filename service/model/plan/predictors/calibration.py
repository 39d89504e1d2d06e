"""Calibrated classifiers, and how a part of an ensemble is asked for its scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn import ensemble
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.linear import DECIDING, decide
from service.model.plan.scores import softmax
from service.model.plan.steps import FinalStep
from service.model.plan.trees.forests import TREES
from service.model.plan.trees.tree_step import TreeStep

PlanPart = Callable[[Any], FinalStep]
Response = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Deciding:
    """A fitted classifier that is asked for its decisions, given as values (n, k)."""

    fitted: Any


def plan_decision(asked: Deciding) -> FinalStep:
    """Plan decision_function, with one column for two classes."""
    if type(asked.fitted) in DECIDING:
        score = decide(asked.fitted)
        return lambda X: Outputs(values=score(X).reshape(len(X), -1))
    step = TREES[type(asked.fitted)](asked.fitted)
    if not isinstance(step, TreeStep) or not step.gives_decisions:
        raise NoPlanError(f"{type(asked.fitted).__name__} gives no decision here.")
    return lambda X: Outputs(values=step.score(X))


DECISIONS: dict[type, Callable[[Any], FinalStep]] = {Deciding: plan_decision}
_BOOSTED = {
    ensemble.GradientBoostingClassifier,
    ensemble.HistGradientBoostingClassifier,
}


def respond_decisions(fitted: Any, plan_part: PlanPart) -> Response:
    while type(fitted) is FrozenEstimator:
        fitted = fitted.estimator
    before = fitted.steps[:-1] if type(fitted) is Pipeline else []
    last = fitted.steps[-1][1] if type(fitted) is Pipeline else fitted
    if type(last) not in DECIDING | _BOOSTED:
        raise NoPlanError(f"{type(last).__name__} has no compiled decision function.")
    asked: Any = Deciding(last)
    step = plan_part(Pipeline([*before, ("deciding", asked)]) if before else asked)
    return lambda X: take(step(X).values)


def respond_probabilities(fitted: Any, plan_part: PlanPart) -> Response:
    step = plan_part(fitted)
    return lambda X: take(step(X).probabilities)


def take(found: np.ndarray | None) -> np.ndarray:
    if found is None:
        raise NoPlanError("A part of the ensemble does not give what it is asked for.")
    return found


def require_one_target(fitted: Any) -> int:
    if isinstance(fitted.classes_, list) or np.ndim(fitted.classes_) != 1:
        raise NoPlanError(f"{type(fitted).__name__} has several outputs.")
    return len(fitted.classes_)


def _calibrate(calibrator: Any) -> Callable[[np.ndarray], np.ndarray]:
    if isinstance(calibrator, IsotonicRegression):
        x, y = calibrator.X_thresholds_, calibrator.y_thresholds_
        low, high = calibrator.X_min_, calibrator.X_max_
        return lambda scores: np.interp(np.clip(scores, low, high), x, y)
    slope, offset = calibrator.a_, calibrator.b_

    def calibrate(scores: np.ndarray) -> np.ndarray:
        found: np.ndarray = expit(-(slope * scores + offset))
        return found

    return calibrate


def _share_each(calibrators: list[Any], count: int) -> Callable[..., np.ndarray]:
    curves = [_calibrate(calibrator) for calibrator in calibrators]

    def run(scores: np.ndarray) -> np.ndarray:
        found = np.zeros((len(scores), count))
        if count == 2:
            found[:, 1] = curves[0](scores[:, 0])
            found[:, 0] = 1.0 - found[:, 1]
            return found
        for index, curve in enumerate(curves):
            found[:, index] = curve(scores[:, index])
        sums = found.sum(axis=1)[:, np.newaxis]
        uniform = np.full_like(found, 1 / count)
        shared: np.ndarray = np.divide(found, sums, out=uniform, where=sums != 0)
        return shared

    return run


def _temper(calibrator: Any, *, is_decision: bool) -> Callable[..., np.ndarray]:
    beta = calibrator.beta_

    def run(scores: np.ndarray) -> np.ndarray:
        if scores.shape[1] == 1:
            first = -scores if is_decision else 1 - scores
            scores = np.concatenate([first, scores], axis=1)
            if is_decision:
                return softmax(beta * scores)
        # scikit-learn tells probabilities by looks, and by the whole batch.
        if ((scores >= 0) & (scores <= 1)).all() and np.isclose(
            scores.sum(axis=1), 1.0
        ).all():
            scores = np.log(scores + 1e-12)
        return softmax(beta * scores)

    return run


def _plan_calibrated(one: Any, count: int, plan_part: PlanPart) -> Response:
    # For a temperature, scikit-learn encodes classes that are words before it fits.
    encoded = np.arange(count) if one.method == "temperature" else one.classes
    if not any(
        np.array_equal(one.estimator.classes_, whole)
        for whole in (one.classes, encoded)
    ):
        raise NoPlanError("A fold of the calibration did not see every class.")
    is_decision = hasattr(one.estimator, "decision_function")
    respond = respond_decisions if is_decision else respond_probabilities
    response = respond(one.estimator, plan_part)
    if one.method == "temperature":
        calibrate = _temper(one.calibrators[0], is_decision=is_decision)
    else:
        calibrate = _share_each(one.calibrators, count)
    start = 1 if count == 2 and not is_decision else 0

    def run(X: Any) -> np.ndarray:
        found = calibrate(response(X)[:, start:])
        found[(found > 1.0) & (found <= 1.0 + 1e-5)] = 1.0
        return found

    return run


def plan_calibrated(fitted: Any, plan_part: PlanPart) -> FinalStep:
    """Plan a CalibratedClassifierCV: the mean over its calibrated classifiers."""
    count = require_one_target(fitted)
    members = [
        _plan_calibrated(one, count, plan_part)
        for one in fitted.calibrated_classifiers_
    ]

    def run(X: Any) -> Outputs:
        mean = members[0](X)
        for member in members[1:]:
            mean += member(X)
        mean /= len(members)
        return Outputs(classes=mean.argmax(axis=1), probabilities=mean)

    return run
