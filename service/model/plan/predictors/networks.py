"""Networks of other frameworks: a step of a plan, given the array that they take.

Their runtimes answer; what is saved is the table of the pipeline, and the second run of
a classifier that is asked for labels and for probabilities.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.steps import FinalStep, Numbers, NumbersStep
from service.model.runtimes.classifier import NetworkClassifier
from service.model.runtimes.estimator import NetworkEstimator
from service.model.runtimes.network import TensorForm
from service.model.runtimes.regressor import NetworkRegressor
from service.model.runtimes.transformer import NetworkTransformer


def plan_classifier(fitted: NetworkClassifier) -> FinalStep:
    _refuse_texts(fitted)

    def run(X: Numbers) -> Outputs:
        return Outputs(*fitted.answer(X))

    return run


def plan_regressor(fitted: NetworkRegressor) -> FinalStep:
    _refuse_texts(fitted)

    def run(X: Numbers) -> Outputs:
        return Outputs(values=fitted.answer(X))

    return run


def plan_transformer(fitted: NetworkTransformer) -> NumbersStep:
    _refuse_texts(fitted)
    if any(_is_wide_integer(form) for form in fitted.numbers):
        raise NoPlanError("It gives integers, of which a double does not hold all.")

    def run(X: Numbers) -> Numbers:
        return np.ascontiguousarray(fitted.answer(X), dtype=np.float64)

    return run


def _refuse_texts(fitted: NetworkEstimator) -> None:
    """Raise NoPlanError for a network that takes what is no number."""
    for form in fitted.network.inputs:
        if form.dtype == "str":
            raise NoPlanError(f"Its input {form.name!r} takes texts.")


def _is_wide_integer(form: TensorForm) -> bool:
    return form.dtype in ("int64", "uint64")


NETWORK_PREDICTORS: dict[type, Callable[[Any], FinalStep]] = {
    NetworkClassifier: plan_classifier,
    NetworkRegressor: plan_regressor,
}
NETWORK_TRANSFORMERS: dict[type, Callable[[Any], NumbersStep]] = {
    NetworkTransformer: plan_transformer,
}
