"""Steps that give the distance to each of some centres."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import cluster
from sklearn.utils.extmath import row_norms

from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.steps import Numbers, NumbersStep


def measure_distances(centres: np.ndarray) -> NumbersStep:
    """Return sklearn.metrics.pairwise.euclidean_distances, in its order."""
    weights, norms = read_floats(centres).T, row_norms(centres, squared=True)

    def measure(X: Numbers) -> Numbers:
        distances: np.ndarray = -2 * (X @ weights)
        distances += row_norms(X, squared=True)[:, np.newaxis]
        distances += norms
        np.maximum(distances, 0, out=distances)
        np.sqrt(distances, out=distances)
        return distances

    return measure


def plan_centre_distances(fitted: Any) -> NumbersStep:
    return refusing_non_finite(measure_distances(fitted.cluster_centers_))


DISTANCES: dict[type, Callable[[Any], NumbersStep]] = {
    cluster.KMeans: plan_centre_distances,
    cluster.MiniBatchKMeans: plan_centre_distances,
    cluster.BisectingKMeans: plan_centre_distances,
}
