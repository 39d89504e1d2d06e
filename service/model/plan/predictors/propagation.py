"""Labels that spread from the rows that have one to those alike."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.pairwise import square_norms
from service.model.plan.predictors.searches import plan_search
from service.model.plan.scores import Scores, link_probabilities
from service.model.plan.steps import FinalStep, Numbers


def plan_propagation(fitted: Any) -> FinalStep:
    """Plan a LabelPropagation or LabelSpreading, of its radial or nearest kernel."""
    add_up = {"rbf": _plan_radial, "knn": _plan_nearest}.get(fitted.kernel)
    if add_up is None or type(fitted.X_) is not np.ndarray:
        raise NoPlanError(f"{type(fitted).__name__} has a kernel of its own.")
    score = add_up(fitted)

    def share(X: Numbers) -> np.ndarray:
        shares = score(X)
        shares /= shares.sum(axis=1)[:, np.newaxis]
        return shares

    return refusing_non_finite(lambda X: link_probabilities(share(X)))


def _plan_radial(fitted: Any) -> Scores:
    """Return the shares of the fitted rows, by rbf_kernel(fitted rows, X)."""
    table, labels = read_floats(fitted.X_), fitted.label_distributions_
    norms, gamma = square_norms(table)[:, np.newaxis], fitted.gamma

    def score(X: Numbers) -> np.ndarray:
        kernel = -2 * (table @ X.T)
        kernel += norms
        kernel += square_norms(X)
        np.maximum(kernel, 0, out=kernel)
        kernel *= -gamma
        np.exp(kernel, out=kernel)
        return np.asarray(kernel.T @ labels)

    return score


def _plan_nearest(fitted: Any) -> Scores:
    search, labels = fitted.nn_fit, fitted.label_distributions_
    find = plan_search(search) if search._tree is None else search._tree.query

    def score(X: Numbers) -> np.ndarray:
        places = find(X, search.n_neighbors, return_distance=False)
        return np.array([np.sum(labels[each], axis=0) for each in places])

    return score


PROPAGATION: dict[type, Callable[[Any], FinalStep]] = {
    LabelPropagation: plan_propagation,
    LabelSpreading: plan_propagation,
}
