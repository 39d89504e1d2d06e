"""Steps that choose columns, or call a function of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import feature_selection as selection
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import refusing_non_finite
from service.model.plan.steps import Numbers, NumbersStep, Step, run_as_batch


def plan_selector(fitted: selection.SelectorMixin) -> NumbersStep:
    kept = np.flatnonzero(fitted.get_support())
    if not kept.size:
        raise NoPlanError(f"{type(fitted).__name__} keeps no column.")

    def step(X: Numbers) -> Numbers:
        return X.take(kept, axis=1)

    # scikit-learn checks nothing at all where it lets NaN pass.
    takes_null = get_tags(fitted).input_tags.allow_nan
    return step if takes_null else refusing_non_finite(step)


def plan_function_transformer(fitted: FunctionTransformer) -> NumbersStep:
    """Compile a FunctionTransformer, whose function is handed an array."""
    function, options = fitted.func, dict(fitted.kw_args or {})

    def call(X: Numbers) -> Numbers:
        result: Any = function(X, **options)
        return np.ascontiguousarray(result, dtype=np.float64)

    def step(X: Numbers) -> Numbers:
        # The function may write into what it is given, which another step may need.
        return X if function is None else call(X.copy())

    if fitted.validate:
        return refusing_non_finite(step)
    return step if function is None else Step(step, partial(run_as_batch, call))


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
    selection.RFECV: plan_selector,
    selection.SequentialFeatureSelector: plan_selector,
    FunctionTransformer: plan_function_transformer,
}
