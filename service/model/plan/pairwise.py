"""Distances and kernels between rows and those that an estimator has kept.

They are those of sklearn.metrics.pairwise, operation by operation; what depends on the
kept rows alone is worked out once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats
from service.model.plan.steps import Numbers

# From n rows to an array of shape (n, kept rows).
Compare = Callable[[Numbers], np.ndarray]


def square_norms(X: Numbers) -> np.ndarray:
    """Return the squared length of each row."""
    norms: np.ndarray = np.einsum("ij,ij->i", X, X)
    return norms


def plan_squared_distances(kept: Numbers) -> Compare:
    """Plan euclidean_distances(X, kept, squared=True)."""
    weights, norms = kept.T, square_norms(kept)

    def measure(X: Numbers) -> np.ndarray:
        distances: np.ndarray = -2 * (X @ weights)
        distances += square_norms(X)[:, np.newaxis]
        distances += norms
        np.maximum(distances, 0, out=distances)
        return distances

    return measure


def plan_null_distances(kept: Numbers) -> Compare:
    """Plan nan_euclidean_distances(X, kept): over the columns that are in both rows.

    It is NaN where there is none.
    """
    missing = np.isnan(kept)
    values = np.where(missing, 0.0, kept)
    measure, squares = plan_squared_distances(values), (values * values).T
    # Of the memory order in which numpy makes doubles of bools, for the same sums.
    gaps, present = missing.T.astype(np.float64), (~missing).T.astype(np.float64)

    def measure_present(X: Numbers) -> np.ndarray:
        is_null = np.isnan(X)
        X = np.where(is_null, 0.0, X)
        distances = measure(X)
        distances -= np.dot(X * X, gaps)
        distances -= np.dot(is_null.astype(np.float64), squares)
        np.clip(distances, 0, None, out=distances)
        counts = np.dot((~is_null).astype(np.float64), present)
        distances[counts == 0] = np.nan
        distances /= np.maximum(1, counts)
        distances *= X.shape[1]
        np.sqrt(distances, out=distances)
        return distances

    return measure_present


def plan_kernel(fitted: Any, kept: Any) -> Compare:
    """Plan the kernel of an estimator between rows and those that it has kept.

    It is pairwise_kernels(X, kept). Raises NoPlanError for an uncommon kernel.
    """
    table = read_floats(kept)
    gamma = getattr(fitted, "gamma_", fitted.gamma)
    gamma = 1.0 / table.shape[1] if gamma is None else gamma
    degree, coef0 = getattr(fitted, "degree", None), getattr(fitted, "coef0", None)
    degree, coef0 = 3 if degree is None else degree, 1 if coef0 is None else coef0
    weights, measure = table.T, plan_squared_distances(table)

    def scale_products(X: Numbers) -> np.ndarray:
        kernel: np.ndarray = X @ weights
        kernel *= gamma
        kernel += coef0
        return kernel

    def take_powers(X: Numbers) -> np.ndarray:
        kernel = scale_products(X)
        kernel **= degree
        return kernel

    def decay(distances: np.ndarray) -> np.ndarray:
        distances *= -gamma
        np.exp(distances, out=distances)
        return distances

    kernels: dict[str, Compare] = {
        "linear": lambda X: X @ weights,
        "rbf": lambda X: decay(measure(X)),
        "laplacian": lambda X: decay(cdist(X, table, "cityblock")),
        "poly": take_powers,
        "polynomial": take_powers,
        "sigmoid": lambda X: np.tanh(scale_products(X)),
    }
    if fitted.kernel not in kernels:
        raise NoPlanError("An uncommon kernel has no compiled form.")
    return kernels[fitted.kernel]
