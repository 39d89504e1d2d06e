"""Clusterings: the nearest centre, and the distance to each where that is answered.

K-means makes the label and the distances by two products, which may differ in their
last bits, as scikit-learn does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg.blas import ddot, dgemm
from sklearn import cluster
from sklearn.utils.extmath import row_norms

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import Scores
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.transformers.distances import measure_distances

# The rows of one product: sklearn.cluster._k_means_common.CHUNK_SIZE, and what
# scikit-learn's setting `pairwise_dist_chunk_size` is by default.
CHUNK_ROWS = 256


def plan_kmeans(fitted: Any) -> FinalStep:
    """Plan KMeans.predict and transform."""
    centres = read_floats(fitted.cluster_centers_)
    return _plan_clusters(_assign(centres), measure_distances(centres))


def plan_bisecting(fitted: Any) -> FinalStep:
    """Plan BisectingKMeans.predict, which goes down a tree, and transform."""
    # No public attribute has the tree, nor the mean of the training table.
    mean = getattr(fitted, "_X_mean", 0.0)
    descend = _plan_descent(fitted._bisecting_tree, mean)
    return _plan_clusters(descend, measure_distances(fitted.cluster_centers_))


def plan_mean_shift(fitted: Any) -> FinalStep:
    """Plan MeanShift and AffinityPropagation. Raises NoPlanError without a centre."""
    centres = read_floats(fitted.cluster_centers_)
    if not len(centres):
        raise NoPlanError(f"{type(fitted).__name__} found no cluster.")
    nearest = find_nearest(centres)
    return refusing_non_finite(lambda X: Outputs(classes=nearest(X)))


def plan_birch(fitted: Any) -> FinalStep:
    """Plan Birch: the cluster of the nearest subcluster."""
    centres, labels = read_floats(fitted.subcluster_centers_), fitted.subcluster_labels_
    found, inverse = np.unique(labels, return_inverse=True)
    # The norms are those it keeps.
    nearest = find_nearest(centres, row_norms(centres, squared=True))
    measure = measure_distances(centres)
    # The distances are to subclusters: an answer where these are the clusters.
    is_measured = np.array_equal(labels, found)

    def predict(X: Numbers) -> Outputs:
        distances = measure(X) if is_measured else None
        return Outputs(classes=inverse[nearest(X)], values=distances)

    return refusing_non_finite(predict)


def _plan_clusters(find: Scores, measure: Scores) -> FinalStep:
    return refusing_non_finite(lambda X: Outputs(classes=find(X), values=measure(X)))


def _assign(centres: np.ndarray) -> Scores:
    """Return what finds the nearest centre as K-means does."""
    weights, norms = centres.T, row_norms(centres, squared=True)

    def assign_chunk(X: Numbers) -> np.ndarray:
        # Without the norm of X, which is the same for all centres.
        start = np.tile(norms[:, np.newaxis], len(X))
        products = dgemm(-2.0, weights, X.T, beta=1.0, c=start, trans_a=True)
        nearest: np.ndarray = products.argmin(axis=0)
        return nearest

    return lambda X: _join_chunks(assign_chunk, X)


def find_nearest(centres: np.ndarray, norms: Any = None) -> Scores:
    """Return sklearn.metrics.pairwise_distances_argmin.

    It takes the squared norms that it is given, or asks BLAS for them.
    """
    centres = np.ascontiguousarray(centres, dtype=np.float64)
    norms = _square_norms(centres) if norms is None else norms
    chunks = [
        (part.T, norm[:, np.newaxis])
        for part, norm in zip(_split(centres), _split(norms), strict=True)
    ]

    def find_in_chunk(X: Numbers) -> np.ndarray:
        squares = _square_norms(X)
        distances = [
            squares + dgemm(-2.0, weights, X.T, trans_a=True) + norm
            for weights, norm in chunks
        ]
        joined = distances[0] if len(distances) == 1 else np.concatenate(distances)
        nearest: np.ndarray = np.maximum(joined, 0.0).argmin(axis=0)
        return nearest

    return lambda X: _join_chunks(find_in_chunk, X)


def _square_norms(X: Numbers) -> np.ndarray:
    return np.array([ddot(row, row) for row in X])


def _split(X: Numbers) -> list[Numbers]:
    return [X[start : start + CHUNK_ROWS] for start in range(0, len(X), CHUNK_ROWS)]


def _join_chunks(find: Scores, X: Numbers) -> np.ndarray:
    if len(X) <= CHUNK_ROWS:
        return find(X)
    return np.concatenate([find(chunk) for chunk in _split(X)])


def _plan_descent(node: Any, mean: Any) -> Scores:
    """Return what finds the cluster of each row below a node of the bisecting tree."""
    if node.left is None:
        return lambda X: np.full(len(X), node.label)
    choose = _assign(np.vstack((node.left.center, node.right.center)) + mean)
    left, right = _plan_descent(node.left, mean), _plan_descent(node.right, mean)

    def descend(X: Numbers) -> np.ndarray:
        is_left = choose(X) == 0
        if is_left.all():
            return left(X)
        if not is_left.any():
            return right(X)
        found = np.empty(len(X), dtype=np.intp)
        found[is_left], found[~is_left] = left(X[is_left]), right(X[~is_left])
        return found

    return descend


CLUSTERS: dict[type, Callable[[Any], FinalStep]] = {
    cluster.KMeans: plan_kmeans,
    cluster.MiniBatchKMeans: plan_kmeans,
    cluster.BisectingKMeans: plan_bisecting,
    cluster.MeanShift: plan_mean_shift,
    cluster.AffinityPropagation: plan_mean_shift,
    cluster.Birch: plan_birch,
}
