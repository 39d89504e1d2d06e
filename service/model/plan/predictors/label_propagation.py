"""Labels spread from the rows of training to those that are near."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.pairwise import plan_kernel
from service.model.plan.predictors.neighbour_search import plan_query
from service.model.plan.scores import Scores, link_probabilities
from service.model.plan.steps import FinalStep, Numbers


def plan_propagation(fitted: Any) -> FinalStep:
    """Plan LabelPropagation and LabelSpreading of one of their own kernels."""
    score = _plan_neighbours(fitted) if fitted.kernel == "knn" else _plan_kernel(fitted)

    def share(X: Numbers) -> np.ndarray:
        labels = score(X)
        labels /= labels.sum(axis=1)[:, np.newaxis]
        return labels

    return refusing_non_finite(lambda X: link_probabilities(share(X)))


def _plan_kernel(fitted: Any) -> Scores:
    if fitted.kernel != "rbf":
        raise NoPlanError(f"{type(fitted).__name__} has a function for its kernel.")
    labels = read_floats(fitted.label_distributions_)
    compare = plan_kernel(fitted, fitted.X_)
    return lambda X: compare(X) @ labels


def _plan_neighbours(fitted: Any) -> Scores:
    labels, count = read_floats(fitted.label_distributions_), fitted.n_neighbors
    find = plan_query(fitted.nn_fit)
    return lambda X: labels[find(X, count, return_distance=False)].sum(axis=1)


PROPAGATION: dict[type, Callable[[Any], FinalStep]] = {
    LabelPropagation: plan_propagation,
    LabelSpreading: plan_propagation,
}
