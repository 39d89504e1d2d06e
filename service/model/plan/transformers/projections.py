"""Steps that project numbers on axes that training found.

Each keeps scikit-learn's order of operations, and so its last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg
from scipy.special import expit
from sklearn import decomposition
from sklearn.cluster import FeatureAgglomeration
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import BernoulliRBM
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.steps import Numbers, NumbersStep


def plan_pca(fitted: Any) -> NumbersStep:
    """Compile a PCA or an IncrementalPCA."""
    # A view, as scikit-learn has it: BLAS sums a copy of it in another order.
    axes = read_floats(fitted.components_).T
    offset = read_floats(fitted.mean_).reshape(1, -1) @ axes
    if not fitted.whiten:
        return refusing_non_finite(lambda X: X @ axes - offset)
    deviations = np.sqrt(read_floats(fitted.explained_variance_))
    scale = np.maximum(deviations, np.finfo(np.float64).eps)
    return refusing_non_finite(lambda X: (X @ axes - offset) / scale)


def plan_axes(fitted: Any) -> NumbersStep:
    """Compile what only multiplies, such as a TruncatedSVD."""
    axes = read_floats(fitted.components_).T
    return refusing_non_finite(lambda X: X @ axes)


def plan_fast_ica(fitted: decomposition.FastICA) -> NumbersStep:
    axes = read_floats(fitted.components_).T
    mean = read_floats(fitted.mean_) if fitted.whiten else None
    if mean is None:
        return refusing_non_finite(lambda X: X @ axes)
    return refusing_non_finite(lambda X: (X - mean) @ axes)


def plan_factor_analysis(fitted: decomposition.FactorAnalysis) -> NumbersStep:
    components, mean = read_floats(fitted.components_), fitted.mean_
    weights = components / fitted.noise_variance_
    covariance = linalg.inv(np.eye(len(components)) + np.dot(weights, components.T))
    axes = weights.T
    return refusing_non_finite(lambda X: (X - mean) @ axes @ covariance)


def plan_sparse_projection(fitted: SparseRandomProjection) -> NumbersStep:
    """Compile a SparseRandomProjection of dense rows, by scipy's product."""
    axes = fitted.components_.T
    return refusing_non_finite(lambda X: np.ascontiguousarray(X @ axes))


def plan_hidden_units(fitted: BernoulliRBM) -> NumbersStep:
    axes, offset = read_floats(fitted.components_).T, fitted.intercept_hidden_

    def activate(X: Numbers) -> Numbers:
        hidden = X @ axes
        hidden += offset
        activated: Numbers = expit(hidden, out=hidden)
        return activated

    return refusing_non_finite(activate)


def plan_discriminants(fitted: LinearDiscriminantAnalysis) -> NumbersStep:
    """Compile LinearDiscriminantAnalysis.transform. Raises NoPlanError without one."""
    if fitted.solver == "lsqr":
        raise NoPlanError("LinearDiscriminantAnalysis of lsqr does not transform.")
    axes, width = read_floats(fitted.scalings_), fitted._max_components
    mean = fitted.xbar_ if fitted.solver == "svd" else None

    def project(X: Numbers) -> Numbers:
        centred = X if mean is None else X - mean
        return np.ascontiguousarray((centred @ axes)[:, :width])

    return refusing_non_finite(project)


def plan_agglomeration(fitted: FeatureAgglomeration) -> NumbersStep:
    """Compile a FeatureAgglomeration: the mean, or another pool, of alike columns."""
    labels, pool = fitted.labels_, fitted.pooling_func
    sizes = np.bincount(labels)
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def average(X: Numbers) -> Numbers:
        return np.array([np.bincount(labels, row) / sizes for row in X])

    def pool_each(X: Numbers) -> Numbers:
        pooled = [pool(X[:, group], axis=1) for group in groups]
        return np.column_stack(pooled).astype(np.float64)

    return refusing_non_finite(average if pool is np.mean else pool_each)


PROJECTIONS: dict[type, Callable[[Any], NumbersStep]] = {
    decomposition.PCA: plan_pca,
    decomposition.IncrementalPCA: plan_pca,
    decomposition.TruncatedSVD: plan_axes,
    decomposition.FastICA: plan_fast_ica,
    decomposition.FactorAnalysis: plan_factor_analysis,
    GaussianRandomProjection: plan_axes,
    SparseRandomProjection: plan_sparse_projection,
    LinearDiscriminantAnalysis: plan_discriminants,
    FeatureAgglomeration: plan_agglomeration,
    NeighborhoodComponentsAnalysis: plan_axes,
    BernoulliRBM: plan_hidden_units,
}
SPARSE_PROJECTIONS: dict[type, Callable[[Any], Callable[[Any], Numbers]]] = {
    decomposition.TruncatedSVD: plan_axes,
    decomposition.PCA: plan_pca,
    GaussianRandomProjection: plan_axes,
}
