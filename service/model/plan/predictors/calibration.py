"""Calibrated classifiers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression

from service.model.errors import NoPlanError
from service.model.plan.predictors.isotonic import Curve, plan_curve
from service.model.plan.predictors.sub_estimators import (
    Response,
    SubEstimators,
    average,
    count_classes,
)
from service.model.plan.scores import link_probabilities, softmax
from service.model.plan.steps import FinalStep

Calibrate = Callable[[np.ndarray], np.ndarray]


def plan_calibrated(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a CalibratedClassifierCV: the mean over its calibrated classifiers."""
    count = count_classes(fitted)
    members = fitted.calibrated_classifiers_
    mean = average([_plan_member(member, count, parts) for member in members])
    return lambda X: link_probabilities(mean(X))


def _plan_member(member: Any, count: int, parts: SubEstimators) -> Response:
    is_tempered = member.method == "temperature"
    # For a temperature, scikit-learn encodes classes that are words before it fits.
    wholes = [member.classes, np.arange(count)] if is_tempered else [member.classes]
    if not any(np.array_equal(member.estimator.classes_, whole) for whole in wholes):
        raise NoPlanError("A fold of the calibration did not see every class.")
    is_decision = hasattr(member.estimator, "decision_function")
    if is_decision:
        response = parts.respond_decisions(member.estimator)
    else:
        response = parts.respond(member.estimator, "probabilities")
    if is_tempered:
        calibrate = _temper(member.calibrators[0].beta_, is_decision=is_decision)
    else:
        calibrate = _calibrate_each(member.calibrators, count)
    start = 1 if count == 2 and not is_decision else 0

    def respond(X: Any) -> np.ndarray:
        found = calibrate(response(X)[:, start:])
        found[(found > 1.0) & (found <= 1.0 + 1e-5)] = 1.0
        return found

    return respond


def _calibrate_each(calibrators: list[Any], count: int) -> Calibrate:
    curves = [_plan_one(calibrator) for calibrator in calibrators]

    def calibrate(scores: np.ndarray) -> np.ndarray:
        found = np.zeros((len(scores), count))
        if count == 2:
            found[:, 1] = curves[0](scores[:, 0])
            found[:, 0] = 1.0 - found[:, 1]
            return found
        for index, curve in enumerate(curves):
            found[:, index] = curve(scores[:, index])
        sums = found.sum(axis=1)[:, np.newaxis]
        uniform = np.full_like(found, 1 / count)
        shares: np.ndarray = np.divide(found, sums, out=uniform, where=sums != 0)
        return shares

    return calibrate


def _plan_one(calibrator: Any) -> Curve:
    if isinstance(calibrator, IsotonicRegression):
        return plan_curve(calibrator)
    slope, offset = calibrator.a_, calibrator.b_

    def calibrate(scores: np.ndarray) -> np.ndarray:
        found: np.ndarray = expit(-(slope * scores + offset))
        return found

    return calibrate


def _temper(beta: float, *, is_decision: bool) -> Calibrate:
    def calibrate(scores: np.ndarray) -> np.ndarray:
        if scores.shape[1] == 1:
            first = -scores if is_decision else 1 - scores
            scores = np.concatenate([first, scores], axis=1)
            if is_decision:
                return softmax(beta * scores)
        # scikit-learn takes a batch for probabilities if all of it looks like them.
        if ((scores >= 0) & (scores <= 1)).all() and np.isclose(
            scores.sum(axis=1), 1.0
        ).all():
            scores = np.log(scores + 1e-12)
        return softmax(beta * scores)

    return calibrate


CALIBRATED = {CalibratedClassifierCV: plan_calibrated}
