"""Neighbours within a radius, counted or averaged."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import neighbors
from sklearn.metrics._pairwise_distances_reduction import RadiusNeighbors
from sklearn.neighbors._base import _get_weights

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.predictors.sub_estimators import count_classes
from service.model.plan.scores import as_columns, link_probabilities, link_values
from service.model.plan.steps import FinalStep, Numbers

# By row: the indices of its neighbours, and their weights, None if all count alike.
Search = Callable[[Numbers], Iterator[tuple[np.ndarray, np.ndarray | None]]]


def _plan_search(fitted: Any) -> Search:
    """Plan radius_neighbors, with the weights of what it finds."""
    if callable(fitted.weights):
        raise NoPlanError(f"{type(fitted).__name__} weighs by a function of its own.")
    find = _plan_distances(fitted)

    def search(X: Numbers) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        distances, indices = find(X)
        weights = _get_weights(distances, fitted.weights)
        return zip(
            indices, [None] * len(X) if weights is None else weights, strict=True
        )

    return search


def _plan_distances(fitted: Any) -> Callable[[Numbers], tuple[Any, Any]]:
    radius, table, metric = fitted.radius, fitted._fit_X, fitted.effective_metric_
    if fitted._tree is not None:
        query = fitted._tree.query_radius
        return lambda X: query(X, radius, return_distance=True)[::-1]
    # Of other metrics, scikit-learn counts the classes as it searches.
    is_usable = RadiusNeighbors.is_usable_for(table, table, metric)
    if type(table) is not np.ndarray or metric != "euclidean" or not is_usable:
        raise NoPlanError(f"{type(fitted).__name__} searches in an uncommon way.")

    def find(X: Numbers) -> tuple[Any, Any]:
        distances, indices = RadiusNeighbors.compute(
            X,
            table,
            radius,
            metric=metric,
            metric_kwargs=dict(fitted.effective_metric_params_),
            strategy="auto",
            return_distance=True,
        )
        return distances, indices

    return find


def plan_radius_classifier(fitted: neighbors.RadiusNeighborsClassifier) -> FinalStep:
    """Plan the labels and probabilities, those of an outlier as its owner says."""
    count, labels, search = count_classes(fitted), fitted._y, _plan_search(fitted)
    outlier = _find_outlier_class(fitted)

    def predict(X: Numbers) -> Outputs:
        found = [
            np.bincount(labels[indices], weights, minlength=count)
            for indices, weights in search(X)
        ]
        shares = np.array(found, dtype=np.float64)
        is_alone = ~shares.any(axis=1)
        if is_alone.any():
            if outlier is None:
                raise ValueError("An instance has no neighbours within the radius.")
            shares[is_alone, outlier] = 1.0
        shares /= shares.sum(axis=1)[:, np.newaxis]
        return link_probabilities(shares)

    return refusing_non_finite(predict)


def _find_outlier_class(fitted: neighbors.RadiusNeighborsClassifier) -> int | None:
    if fitted.outlier_label_ is None:
        return None
    indices = np.flatnonzero(fitted.classes_ == fitted.outlier_label_[0])
    if len(indices) != 1:
        raise NoPlanError("The label of an outlier is none of the classes.")
    return int(indices[0])


def plan_radius_regressor(fitted: neighbors.RadiusNeighborsRegressor) -> FinalStep:
    search, targets = _plan_search(fitted), as_columns(fitted._y)
    with np.errstate(invalid="ignore"):  # of whole numbers, none is NaN
        nothing = as_columns(np.full_like(fitted._y[:1], np.nan))[0]

    def predict(X: Numbers) -> Outputs:
        found = [
            np.average(targets[indices], axis=0, weights=weights)
            if len(indices)
            else nothing
            for indices, weights in search(X)
        ]
        return link_values(np.array(found))

    return refusing_non_finite(predict)


RADIUS: dict[type, Callable[[Any], FinalStep]] = {
    neighbors.RadiusNeighborsClassifier: plan_radius_classifier,
    neighbors.RadiusNeighborsRegressor: plan_radius_regressor,
}
