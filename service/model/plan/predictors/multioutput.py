"""Several targets: a predictor for each, alone or in a chain."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import multioutput

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.sub_estimators import SubEstimators
from service.model.plan.scores import pair_probabilities
from service.model.plan.steps import FinalStep, Numbers

# Returns the column that a chain makes of one predictor's answers for the later ones.
ReadColumn = Callable[[Outputs], Any]


def plan_multi_output_regressor(fitted: Any, parts: SubEstimators) -> FinalStep:
    members = [parts.respond(part, "values") for part in fitted.estimators_]
    return lambda X: Outputs(values=np.hstack([member(X) for member in members]))


def plan_multi_output_classifier(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a MultiOutputClassifier: a label for each target, and probabilities."""
    has_probabilities = hasattr(fitted, "predict_proba")
    members = [parts.plan_part(part, decides=False) for part in fitted.estimators_]

    def predict(X: Any) -> Outputs:
        found: list[Any] = [member(X) for member in members]
        classes = np.column_stack([outputs.classes for outputs in found])
        if not has_probabilities:
            return Outputs(classes=classes)
        return Outputs(classes, np.hstack([outputs.probabilities for outputs in found]))

    return predict


def plan_regressor_chain(fitted: Any, parts: SubEstimators) -> FinalStep:
    count = len(fitted.estimators_)
    ask = _ask_in_turn(fitted, parts, [_read_value] * count)
    return lambda X: Outputs(values=np.column_stack([_read_value(o) for o in ask(X)]))


def plan_classifier_chain(fitted: Any, parts: SubEstimators) -> FinalStep:
    """Plan a ClassifierChain. Raises NoPlanError unless each target has two classes."""
    if any(len(part.classes_) != 2 for part in fitted.estimators_):
        raise NoPlanError("ClassifierChain has a target of other than two classes.")
    method = fitted.chain_method_
    readers = [_choose_reader(method, part) for part in fitted.estimators_]
    ask = _ask_in_turn(fitted, parts, readers)
    has_probabilities = hasattr(fitted, "predict_proba")

    def predict(X: Numbers) -> Outputs:
        found: list[Any] = ask(X)
        classes = np.column_stack([outputs.classes for outputs in found])
        if not has_probabilities:
            return Outputs(classes=classes)
        second = np.column_stack([_read_probability(outputs) for outputs in found])
        return Outputs(classes, pair_probabilities(second))

    return predict


def _ask_in_turn(
    fitted: Any, parts: SubEstimators, readers: Sequence[ReadColumn]
) -> Callable[[Numbers], list[Outputs]]:
    """Return what gives the answers of a chain's members, by target.

    Each is given the columns of the request, and one of each before it.
    """
    members = [parts.plan_numeric(part) for part in fitted.estimators_]
    by_target = np.argsort(fitted.order_).tolist()

    def ask(X: Numbers) -> list[Outputs]:
        width = X.shape[1]
        columns = np.empty((len(X), width + len(members)))
        columns[:, :width] = X
        found = []
        for index, (member, read) in enumerate(
            zip(members, readers, strict=True), width
        ):
            outputs = member(np.ascontiguousarray(columns[:, :index]))
            columns[:, index] = read(outputs)
            found.append(outputs)
        return [found[index] for index in by_target]

    return ask


def _choose_reader(method: str, part: Any) -> ReadColumn:
    """Return what reads labels or probabilities. Raises NoPlanError for decisions."""
    if method == "predict_proba":
        return _read_probability
    if method != "predict":
        raise NoPlanError(f"ClassifierChain hands on {method}.")
    labels = part.classes_
    return lambda outputs: labels[outputs.classes]


def _read_value(outputs: Any) -> Any:
    return outputs.values[:, 0]


def _read_probability(outputs: Any) -> Any:
    return outputs.probabilities[:, 1]


MULTIOUTPUT: dict[type, Callable[[Any, SubEstimators], FinalStep]] = {
    multioutput.MultiOutputRegressor: plan_multi_output_regressor,
    multioutput.MultiOutputClassifier: plan_multi_output_classifier,
    multioutput.RegressorChain: plan_regressor_chain,
    multioutput.ClassifierChain: plan_classifier_chain,
}
# What makes an array of a frame before it asks its parts.
CHAINS = {
    multioutput.RegressorChain: plan_regressor_chain,
    multioutput.ClassifierChain: plan_classifier_chain,
}
