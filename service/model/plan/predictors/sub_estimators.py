"""How a meta-estimator, which answers by asking others, asks its sub-estimators.

Here it is a wrapper, and they are its parts. It hands on what it is given, whatever
that is: only the parts look into it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

# By its private name, as the public one asks for an import that enables it.
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)

from service.model.errors import NoPlanError
from service.model.plan.steps import FinalStep, Numbers

Response = Callable[[Any], np.ndarray]

# Where these keep the one estimator as which they answer.
UNWRAPPED = {
    GridSearchCV: "best_estimator_",
    RandomizedSearchCV: "best_estimator_",
    HalvingGridSearchCV: "best_estimator_",
    HalvingRandomSearchCV: "best_estimator_",
    FrozenEstimator: "estimator",
}


def unwrap(fitted: Any) -> Any:
    """Return the estimator that a search found, or that was frozen, or the given."""
    while type(fitted) in UNWRAPPED:
        fitted = getattr(fitted, UNWRAPPED[type(fitted)])
    return fitted


class PlanPart(Protocol):
    """Compiles a part that is given what its wrapper is given.

    With `decides` its step gives the decision function as values. Raises NoPlanError.
    """

    def __call__(self, part: Any, *, decides: bool) -> FinalStep: ...


@dataclass(frozen=True)
class SubEstimators:
    """Compiles the parts of a wrapper.

    `plan_numeric` compiles a part that is given an array of the wrapper's own making.
    `find_numbers` returns what reads the numbers of what the wrapper is given.
    """

    plan_part: PlanPart
    plan_numeric: Callable[[Any], FinalStep]
    find_numbers: Callable[[bool], Response]

    def respond(self, part: Any, answer: str) -> Response:
        """Return what asks a part for its `classes`, `probabilities` or `values`."""
        return read_answer(self.plan_part(part, decides=False), answer)

    def respond_decisions(self, part: Any) -> Response:
        """Return what asks a part for its decision function, shape (n, k)."""
        return read_answer(self.plan_part(part, decides=True), "values")

    def read_numbers(self, *, takes_single: bool = False) -> Response:
        """Return what gives the wrapper's input as one array. Raises NoPlanError."""
        return self.find_numbers(takes_single)


def read_answer(step: FinalStep, answer: str) -> Response:
    """Return what asks a step for one kind of answer."""

    def respond(X: Any) -> np.ndarray:
        found: np.ndarray | None = getattr(step(X), answer)
        if found is None:
            raise NoPlanError(f"A part gives no {answer}.")
        return found

    return respond


def take_features(step: FinalStep, features: np.ndarray) -> FinalStep:
    """Return a step that is given some of the columns."""

    def run(X: Numbers) -> Any:
        return step(X.take(features, axis=1))

    return run


def average(responses: Sequence[Response]) -> Response:
    """Return the mean of the responses, added up one after another."""

    def respond(X: Any) -> np.ndarray:
        total = responses[0](X)
        for response in responses[1:]:
            total += response(X)
        total /= len(responses)
        return total

    return respond


def count_classes(fitted: Any) -> int:
    """Return how many classes a classifier of one output has."""
    if isinstance(fitted.classes_, list) or np.ndim(fitted.classes_) != 1:
        raise NoPlanError(f"{type(fitted).__name__} has several outputs.")
    return len(fitted.classes_)


def count_columns(part: Any) -> int:
    """Return how many columns a part takes. Raises NoPlanError if it does not say."""
    count = getattr(part, "n_features_in_", None)
    if count is None:
        raise NoPlanError(
            f"{type(part).__name__} does not say how many columns it has."
        )
    return int(count)


def require_classes(part: Any, count: int) -> None:
    """Refuse a part whose classes are not 0, 1, ... as its wrapper encoded them."""
    if not np.array_equal(part.classes_, np.arange(count)):
        raise NoPlanError(f"{type(part).__name__} did not see every class.")
