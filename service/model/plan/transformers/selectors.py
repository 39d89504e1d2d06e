"""Steps that choose columns, project them, or call a function of them.

Each keeps scikit-learn's order of operations, and so its last bit.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import feature_selection as selection
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refuse_non_finite
from service.model.plan.steps import Numbers, NumbersStep, Step, run_as_batch


def plan_selector(fitted: selection.SelectorMixin) -> NumbersStep:
    """Compile a selector of columns. Raises NoPlanError if it keeps none."""
    kept = np.flatnonzero(fitted.get_support())
    if not kept.size:
        raise NoPlanError(f"{type(fitted).__name__} keeps no column.")
    # scikit-learn checks nothing at all where it lets NaN pass.
    takes_null = get_tags(fitted).input_tags.allow_nan

    def step(X: Numbers) -> Numbers:
        if not takes_null:
            refuse_non_finite(X)
        return X.take(kept, axis=1)

    return step


def plan_pca(fitted: PCA) -> NumbersStep:
    """Compile a PCA."""
    # A view, as scikit-learn has it: BLAS sums a copy of it in another order.
    axes = read_floats(fitted.components_).T
    offset = read_floats(fitted.mean_).reshape(1, -1) @ axes
    scale = None
    if fitted.whiten:
        deviations = np.sqrt(read_floats(fitted.explained_variance_))
        scale = np.maximum(deviations, np.finfo(np.float64).eps)

    def step(X: Numbers) -> Numbers:
        refuse_non_finite(X)
        projected: Numbers = X @ axes
        projected -= offset
        return projected if scale is None else projected / scale

    return step


def plan_truncated_svd(fitted: TruncatedSVD) -> NumbersStep:
    """Compile a TruncatedSVD."""
    axes = read_floats(fitted.components_).T

    def step(X: Numbers) -> Numbers:
        refuse_non_finite(X)
        projected: Numbers = X @ axes
        return projected

    return step


def plan_function_transformer(fitted: FunctionTransformer) -> NumbersStep:
    """Compile a FunctionTransformer, whose function is handed an array."""
    function, options = fitted.func, dict(fitted.kw_args or {})

    def call(X: Numbers) -> Numbers:
        result: Any = function(X, **options)
        return np.ascontiguousarray(result, dtype=np.float64)

    def step(X: Numbers) -> Numbers:
        if fitted.validate:
            refuse_non_finite(X)
        # The function may write into what it is given, which another step may need.
        return X if function is None else call(X.copy())

    if function is None or fitted.validate:
        return step
    return Step(step, partial(run_as_batch, call))


SELECTORS: dict[type, Callable[[Any], NumbersStep]] = {
    selection.VarianceThreshold: plan_selector,
    selection.SelectKBest: plan_selector,
    selection.SelectPercentile: plan_selector,
    selection.SelectFpr: plan_selector,
    selection.SelectFdr: plan_selector,
    selection.SelectFwe: plan_selector,
    selection.GenericUnivariateSelect: plan_selector,
    selection.SelectFromModel: plan_selector,
    selection.RFE: plan_selector,
    PCA: plan_pca,
    TruncatedSVD: plan_truncated_svd,
    FunctionTransformer: plan_function_transformer,
}
