"""Steps that give the distance to each of some centres."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import cluster

from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.pairwise import plan_squared_distances
from service.model.plan.steps import NumbersStep


def measure_distances(centres: np.ndarray) -> NumbersStep:
    """Return sklearn.metrics.pairwise.euclidean_distances, in its order."""
    measure_squared = plan_squared_distances(read_floats(centres))
    return lambda X: np.sqrt(measure_squared(X))


def plan_centre_distances(fitted: Any) -> NumbersStep:
    return refusing_non_finite(measure_distances(fitted.cluster_centers_))


DISTANCES: dict[type, Callable[[Any], NumbersStep]] = {
    cluster.KMeans: plan_centre_distances,
    cluster.MiniBatchKMeans: plan_centre_distances,
    cluster.BisectingKMeans: plan_centre_distances,
}
