"""Predictors that answer the same to all, by which others are judged."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.sub_estimators import count_classes
from service.model.plan.steps import FinalStep, Numbers


def plan_dummy_classifier(fitted: Any) -> FinalStep:
    """Plan a DummyClassifier. Raises NoPlanError for one that draws at random."""
    count, prior = count_classes(fitted), fitted.class_prior_
    if fitted.strategy == "constant":
        # An array of one constant, or the constant.
        constant = np.ravel(fitted.constant)[0]
        index = fitted.classes_.tolist().index(constant)
    elif fitted.strategy in ("most_frequent", "prior"):
        index = int(prior.argmax())
    else:
        raise NoPlanError("DummyClassifier draws at random.")
    shares = np.eye(count)[index] if fitted.strategy != "prior" else prior

    def predict(X: Numbers) -> Outputs:
        n = len(X)
        return Outputs(np.full(n, index), np.tile(shares, (n, 1)))

    return predict


def plan_dummy_regressor(fitted: Any) -> FinalStep:
    value = np.asarray(fitted.constant_, dtype=np.float64).reshape(1, -1)
    return lambda X: Outputs(values=value.repeat(len(X), axis=0))


DUMMIES: dict[type, Callable[[Any], FinalStep]] = {
    DummyClassifier: plan_dummy_classifier,
    DummyRegressor: plan_dummy_regressor,
}
