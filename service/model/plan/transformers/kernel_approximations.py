"""Steps that approximate the features of a kernel, or project on its components.

Each keeps scikit-learn's order of operations, and so its last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.fft import fft, ifft
from sklearn import kernel_approximation as approximation
from sklearn.decomposition import KernelPCA
from sklearn.preprocessing import KernelCenterer

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.pairwise import plan_kernel
from service.model.plan.steps import Numbers, NumbersStep


def plan_nystroem(fitted: approximation.Nystroem) -> NumbersStep:
    if fitted.kernel_params or fitted.n_jobs not in (None, 1):
        raise NoPlanError("Nystroem has parameters of another kernel, or several jobs.")
    compare = plan_kernel(fitted, fitted.components_)
    weights = fitted.normalization_.T
    return refusing_non_finite(lambda X: compare(X) @ weights)


def _plan_cosines(fitted: Any, scale: float) -> NumbersStep:
    """Plan scaled cosines of random projections."""
    weights, offset = read_floats(fitted.random_weights_), fitted.random_offset_

    def step(X: Numbers) -> Numbers:
        projected: Numbers = X @ weights
        projected += offset
        np.cos(projected, out=projected)
        projected *= scale
        return projected

    return step


def plan_rbf_sampler(fitted: approximation.RBFSampler) -> NumbersStep:
    return refusing_non_finite(
        _plan_cosines(fitted, (2.0 / fitted.n_components) ** 0.5)
    )


def plan_skewed_chi2(fitted: approximation.SkewedChi2Sampler) -> NumbersStep:
    skewedness, scale = fitted.skewedness, np.sqrt(2.0) / np.sqrt(fitted.n_components)
    find_cosines = _plan_cosines(fitted, scale)

    def step(X: Numbers) -> Numbers:
        if (-skewedness >= X).any():
            raise ValueError("A SkewedChi2Sampler takes no number so negative.")
        return find_cosines(np.log(X + skewedness))

    return refusing_non_finite(step)


def plan_additive_chi2(fitted: approximation.AdditiveChi2Sampler) -> NumbersStep:
    count, interval = fitted.sample_steps, fitted.sample_interval
    if interval is None:
        interval = {1: 0.8, 2: 0.5, 3: 0.4}.get(count)
    if interval is None:
        raise NoPlanError("AdditiveChi2Sampler needs an interval.")

    def step(X: Numbers) -> Numbers:
        if (X < 0).any():
            raise ValueError("An AdditiveChi2Sampler takes no negative numbers.")
        sampled: Numbers = fitted._transform_dense(X, count, interval)
        return sampled

    return refusing_non_finite(step)


def plan_count_sketch(fitted: approximation.PolynomialCountSketch) -> NumbersStep:
    """Compile a PolynomialCountSketch: each column is added to, or taken from, a sum.

    A sparse product adds the columns up one after another, as scikit-learn's loop does.
    """
    hashes, signs = fitted.indexHash_, fitted.bitHash_.astype(np.float64)
    width, shape = hashes.shape[1], (fitted.n_components, hashes.shape[1])
    sums = [
        sparse.csr_array((sign, (index, np.arange(width))), shape=shape)
        for index, sign in zip(hashes, signs, strict=True)
    ]
    scale, constant = np.sqrt(fitted.gamma), np.sqrt(fitted.coef0)

    def step(X: Numbers) -> Numbers:
        scaled = scale * X
        if fitted.coef0 != 0:
            scaled = np.hstack([scaled, constant * np.ones((len(X), 1))])
        sketches = np.stack([(each @ scaled.T).T for each in sums], axis=1)
        product = np.prod(fft(sketches, axis=2), axis=1)
        return np.ascontiguousarray(np.real(ifft(product, overwrite_x=True)))

    return refusing_non_finite(step)


def _plan_centring(fitted: KernelCenterer) -> NumbersStep:
    rows, whole = read_floats(fitted.K_fit_rows_), fitted.K_fit_all_

    def centre(kernel: Numbers) -> Numbers:
        columns = (kernel.sum(axis=1) / len(rows))[:, np.newaxis]
        centred: Numbers = kernel - rows
        centred -= columns
        centred += whole
        return centred

    return centre


def plan_kernel_pca(fitted: KernelPCA) -> NumbersStep:
    if type(fitted.X_fit_) is not np.ndarray or fitted.n_jobs not in (None, 1):
        raise NoPlanError("KernelPCA was fitted on sparse rows, or has several jobs.")
    compare = plan_kernel(fitted, fitted.X_fit_)
    centre, vectors = _plan_centring(fitted._centerer), fitted.eigenvectors_
    kept = np.flatnonzero(fitted.eigenvalues_)
    axes = np.zeros_like(vectors)  # in its memory order, for the sums of BLAS
    axes[:, kept] = vectors[:, kept] / np.sqrt(fitted.eigenvalues_[kept])
    return refusing_non_finite(lambda X: np.dot(centre(compare(X)), axes))


APPROXIMATIONS: dict[type, Callable[[Any], NumbersStep]] = {
    approximation.Nystroem: plan_nystroem,
    approximation.RBFSampler: plan_rbf_sampler,
    approximation.SkewedChi2Sampler: plan_skewed_chi2,
    approximation.AdditiveChi2Sampler: plan_additive_chi2,
    approximation.PolynomialCountSketch: plan_count_sketch,
    KernelPCA: plan_kernel_pca,
}
