"""K-means: the distance to each centre, and the nearest.

The label and the distances are made as scikit-learn makes them, which is twice, by two
products that may differ in their last bits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg.blas import dgemm
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.utils.extmath import row_norms

from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.steps import FinalStep, Numbers

# sklearn.cluster._k_means_common.CHUNK_SIZE: the rows of one product.
CHUNK_ROWS = 256


def plan_kmeans(fitted: Any) -> FinalStep:
    """Plan KMeans.predict and transform."""
    centres = read_floats(fitted.cluster_centers_)
    weights, norms = centres.T, row_norms(centres, squared=True)

    def measure(X: Numbers) -> np.ndarray:
        # sklearn.metrics.pairwise.euclidean_distances, in its order.
        distances: np.ndarray = -2 * (X @ weights)
        distances += row_norms(X, squared=True)[:, np.newaxis]
        distances += norms
        np.maximum(distances, 0, out=distances)
        np.sqrt(distances, out=distances)
        return distances

    def find_nearest(X: Numbers) -> np.ndarray:
        # Without the norm of X, which is the same for all centres.
        start = np.tile(norms[:, np.newaxis], len(X))
        products = dgemm(-2.0, weights, X.T, beta=1.0, c=start, trans_a=True)
        nearest: np.ndarray = products.argmin(axis=0)
        return nearest

    def predict(X: Numbers) -> Outputs:
        parts = [
            find_nearest(X[start : start + CHUNK_ROWS])
            for start in range(0, len(X), CHUNK_ROWS)
        ]
        return Outputs(classes=np.concatenate(parts), values=measure(X))

    return refusing_non_finite(predict)


CLUSTERS: dict[type, Callable[[Any], FinalStep]] = {
    KMeans: plan_kmeans,
    MiniBatchKMeans: plan_kmeans,
}
