"""Steps that choose among numbers, or turn them as a whole.

Each keeps scikit-learn's order of operations, and so its last bit.
"""

from functools import partial
from typing import Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectorMixin
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import read_floats, refuse_non_finite
from service.model.plan.steps import Numbers, NumbersStep, Step, ask_by_array


def plan_selector(fitted: SelectorMixin) -> NumbersStep:
    """Compile whatever keeps some columns and drops the others.

    Raises NoPlanError if it keeps none.
    """
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
        turned: Numbers = X @ axes
        turned -= offset
        return turned if scale is None else turned / scale

    return step


def plan_truncated_svd(fitted: TruncatedSVD) -> NumbersStep:
    """Compile a TruncatedSVD."""
    axes = read_floats(fitted.components_).T

    def step(X: Numbers) -> Numbers:
        refuse_non_finite(X)
        turned: Numbers = X @ axes
        return turned

    return step


def plan_function_transformer(fitted: FunctionTransformer) -> NumbersStep:
    """Compile a FunctionTransformer that scikit-learn would hand an array."""
    function, options = fitted.func, dict(fitted.kw_args or {})

    def step(X: Numbers) -> Numbers:
        if fitted.validate:
            refuse_non_finite(X)
        if function is None:
            return X
        # It may write into what it is given, and another step may need that yet.
        return give(X.copy())

    def give(X: Numbers) -> Numbers:
        result: Any = function(X, **options)
        return np.ascontiguousarray(result, dtype=np.float64)

    if function is None or fitted.validate:
        return step
    return Step(step, partial(ask_by_array, give))
