"""Steps that make several numbers of one: bins, powers and splines."""

from collections.abc import Callable
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np
from sklearn.preprocessing import (
    KBinsDiscretizer,
    PolynomialFeatures,
    SplineTransformer,
)

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.steps import Numbers, NumbersStep

# For each product of one degree: its index one degree lower, and the further factor.
Products = tuple[np.ndarray, np.ndarray]


def plan_bins(fitted: KBinsDiscretizer) -> NumbersStep:
    """Compile a KBinsDiscretizer, comparing with the bounds of every bin at once."""
    if fitted.dtype is not None and np.dtype(fitted.dtype) != np.float64:
        raise NoPlanError(f"KBinsDiscretizer computes in {np.dtype(fitted.dtype)}.")
    inner = [read_floats(edges)[1:-1] for edges in fitted.bin_edges_]
    sizes = [len(edges) + 1 for edges in inner]
    owners = np.repeat(np.arange(len(inner)), sizes)
    low = np.concatenate([np.r_[-np.inf, edges] for edges in inner])
    high = np.concatenate([np.r_[edges, np.inf] for edges in inner])
    starts = np.cumsum([0, *sizes[:-1]])

    def mark(X: Numbers) -> Numbers:
        values = X.take(owners, axis=1)
        return ((values >= low) & (values < high)).astype(np.float64)

    def count(X: Numbers) -> Numbers:
        reached = (X.take(owners, axis=1) >= low).astype(np.float64)
        return np.add.reduceat(reached, starts, axis=1) - 1.0

    return refusing_non_finite(count if fitted.encode == "ordinal" else mark)


def plan_polynomial(fitted: PolynomialFeatures) -> NumbersStep:
    """Compile a PolynomialFeatures: each product is a shorter one times a column.

    scikit-learn multiplies in the same order, and so to the same bits.
    """
    degree = fitted.degree
    least, most = (0, degree) if np.ndim(degree) == 0 else degree
    products = _list_products(
        fitted.n_features_in_, most, only_interactions=fitted.interaction_only
    )

    def step(X: Numbers) -> Numbers:
        parts = [np.ones((len(X), 1))] if fitted.include_bias else []
        if least <= 1 <= most:
            parts.append(X)
        power = X
        for power_degree, (lower, factors) in enumerate(products, 2):
            power = power.take(lower, axis=1) * X.take(factors, axis=1)
            if power_degree >= least:
                parts.append(power)
        return np.concatenate(parts, axis=1)

    return refusing_non_finite(step)


def _list_products(width: int, most: int, *, only_interactions: bool) -> list[Products]:
    """Return the products of degree 2, of degree 3 and so on."""
    combine = combinations if only_interactions else combinations_with_replacement
    products = []
    indices: dict[tuple[int, ...], int] = {(i,): i for i in range(width)}
    for degree in range(2, most + 1):
        factors = list(combine(range(width), degree))
        lower = [indices[factor[1:]] for factor in factors]
        first = [factor[0] for factor in factors]
        products.append((np.array(lower, dtype=int), np.array(first, dtype=int)))
        indices = {factor: index for index, factor in enumerate(factors)}
    return products


def plan_splines(fitted: SplineTransformer) -> NumbersStep:
    """Compile a SplineTransformer that continues its splines or keeps them constant.

    Raises NoPlanError for others, and for sparse output, which is computed otherwise.
    """
    if fitted.extrapolation not in ("constant", "continue") or not fitted.degree:
        raise NoPlanError("SplineTransformer extrapolates in an uncommon way.")
    if fitted.sparse_output:
        raise NoPlanError("SplineTransformer computes sparse output in another way.")
    splines = fitted.bsplines_
    size = splines[0].c.shape[1]
    kept = slice(None) if fitted.include_bias else slice(0, size - 1)
    first, last = fitted.degree, -fitted.degree - 1
    bounds = [(read_floats(s.t)[first], s.t[last]) for s in splines]

    def step(X: Numbers) -> Numbers:
        if fitted.extrapolation == "constant":
            X = np.clip(X, *np.transpose(bounds))
        values = [s(X[:, i])[:, kept] for i, s in enumerate(splines)]
        joined = np.concatenate(values, axis=1)
        joined[np.isnan(X).repeat(values[0].shape[1], axis=1)] = 0.0
        return joined

    return refusing_non_finite(step) if fitted.handle_missing == "error" else step


EXPANSIONS: dict[type, Callable[[Any], NumbersStep]] = {
    KBinsDiscretizer: plan_bins,
    PolynomialFeatures: plan_polynomial,
    SplineTransformer: plan_splines,
}
