"""Nearest neighbours: searched for by scikit-learn, then counted or averaged.

Which of several neighbours at the same distance is taken follows from the search, so
that is scikit-learn's own, asked once for an array: what is spared is the checks, the
queue of jobs, and the second search of `predict_proba` after `predict`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import neighbors
from sklearn.metrics._pairwise_distances_reduction import (
    ArgKminClassMode,
)
from sklearn.neighbors._base import _get_weights
from sklearn.neighbors._classification import _adjusted_metric

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.predictors.neighbour_search import plan_query
from service.model.plan.scores import (
    Scores,
    as_columns,
    link_probabilities,
    link_values,
)
from service.model.plan.steps import FinalStep, Numbers

# The weights of the neighbours, None where all count alike, and their indices.
Neighbours = tuple[np.ndarray | None, np.ndarray]
Search = Callable[[Numbers], Neighbours]


def _plan_neighbours(fitted: Any) -> Search:
    """Plan kneighbors, with the weights of what it finds."""
    count, weights = fitted.n_neighbors, fitted.weights
    if count > fitted.n_samples_fit_:
        raise NoPlanError(f"{type(fitted).__name__} knows too few neighbours.")
    find = plan_query(fitted)
    if weights in (None, "uniform"):
        return lambda X: (None, find(X, count, return_distance=False))

    def search(X: Numbers) -> Neighbours:
        distances, indices = find(X, count, return_distance=True)
        return _get_weights(distances, weights), indices

    return search


# Classifiers


def plan_neighbours_classifier(fitted: neighbors.KNeighborsClassifier) -> FinalStep:
    """Plan the label of each output, and the probabilities of all side by side."""
    search = _plan_neighbours(fitted)
    columns = np.ascontiguousarray(fitted._y.reshape(len(fitted._y), -1).T)
    classes = fitted.classes_ if fitted.outputs_2d_ else [fitted.classes_]
    outputs = list(zip(columns, map(len, classes), strict=True))
    count_neighbours = _plan_class_mode(fitted)
    if count_neighbours is not None:
        return refusing_non_finite(lambda X: link_probabilities(count_neighbours(X)))

    def predict(X: Numbers) -> Outputs:
        weights, indices = search(X)
        if weights is not None and not weights.any(axis=1).all():
            raise ValueError("All neighbours of an instance weigh nothing.")
        votes = [_vote(labels[indices], count, weights) for labels, count in outputs]
        if len(votes) == 1:
            return Outputs(*votes[0])
        chosen, shares = zip(*votes, strict=True)
        return Outputs(np.column_stack(chosen), np.concatenate(shares, axis=1))

    return refusing_non_finite(predict)


def _vote(
    found: np.ndarray, count: int, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the class and the shares of all, by the classes of the neighbours."""
    if weights is None:
        shares = _add_up(found, count) / found.shape[1]
        return shares.argmax(axis=1), shares
    # scikit-learn adds up twice, in two orders: here as its weighted_mode does.
    is_found = found[:, np.newaxis, :] == np.arange(count)[:, np.newaxis]
    sums = np.where(is_found, weights[:, np.newaxis, :], 0.0).sum(axis=2)
    shares = _add_up(found, count, weights)
    shares /= shares.sum(axis=1)[:, np.newaxis]
    return sums.argmax(axis=1), shares


def _plan_class_mode(fitted: Any) -> Scores | None:
    """Return what scikit-learn counts by while it searches, None where it does not.

    It does so for arrays and metrics other than the Euclidean, and may break ties
    otherwise. An estimator with the names of its columns is given frames.
    """
    table = fitted._fit_X
    metric, params = _adjusted_metric(
        fitted.metric, dict(fitted.metric_params or {}), fitted.p
    )
    if (
        fitted._tree is not None
        or fitted.outputs_2d_
        or fitted.weights != "uniform"
        or hasattr(fitted, "feature_names_in_")
        or not ArgKminClassMode.is_usable_for(table, table, metric)
    ):
        return None
    classes = np.arange(len(fitted.classes_), dtype=np.intp)

    def count_neighbours(X: Numbers) -> np.ndarray:
        shares: np.ndarray = ArgKminClassMode.compute(
            X,
            table,
            fitted.n_neighbors,
            weights="uniform",
            Y_labels=fitted._y,
            unique_Y_labels=classes,
            metric=metric,
            metric_kwargs=params.copy(),
            strategy="parallel_on_X",
        )
        return shares

    return count_neighbours


def _add_up(
    found: np.ndarray, count: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the number of neighbours of each class, or the sum of their weights."""
    indices = found + np.arange(0, len(found) * count, count)[:, np.newaxis]
    flat = None if weights is None else weights.ravel()
    sums = np.bincount(indices.ravel(), flat, minlength=len(found) * count)
    return sums.reshape(len(found), count)


# Regressors


def plan_neighbours_regressor(fitted: neighbors.KNeighborsRegressor) -> FinalStep:
    search, targets = _plan_neighbours(fitted), as_columns(fitted._y)

    def predict(X: Numbers) -> Outputs:
        weights, indices = search(X)
        found = targets[indices]
        if weights is None:
            return link_values(np.mean(found, axis=1))
        total = np.sum(weights, axis=1)
        values = np.empty((len(indices), targets.shape[1]))
        for column in range(targets.shape[1]):
            values[:, column] = np.sum(found[:, :, column] * weights, axis=1) / total
        return link_values(values)

    return refusing_non_finite(predict)


NEIGHBOURS: dict[type, Callable[[Any], FinalStep]] = {
    neighbors.KNeighborsClassifier: plan_neighbours_classifier,
    neighbors.KNeighborsRegressor: plan_neighbours_regressor,
}
