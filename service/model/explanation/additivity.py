"""Whether the score of a pipeline is a sum of functions of one feature each.

It is for a linear predictor behind transformers each of whose columns is made of one
column. Of any other, contributions depend on the order in which features are asked
about, or on a sample: no two methods agree, and none is exact.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import feature_selection as selection
from sklearn import preprocessing
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline

from service.model.errors import NotExplainedError
from service.model.plan.estimator_types import find_type, is_sampler
from service.model.plan.predictors.linear_classifiers import CLASSIFIERS
from service.model.plan.predictors.linear_regressors import REGRESSORS
from service.model.plan.predictors.sub_estimators import unwrap

LINEAR: frozenset[type] = frozenset([*CLASSIFIERS, *REGRESSORS])

# Transformers each of whose columns is made of one column that they are given.
COLUMNWISE: frozenset[type] = frozenset(
    [
        preprocessing.StandardScaler,
        preprocessing.MinMaxScaler,
        preprocessing.MaxAbsScaler,
        preprocessing.RobustScaler,
        preprocessing.PowerTransformer,
        preprocessing.QuantileTransformer,
        preprocessing.SplineTransformer,
        preprocessing.KBinsDiscretizer,
        preprocessing.Binarizer,
        preprocessing.OneHotEncoder,
        preprocessing.OrdinalEncoder,
        preprocessing.TargetEncoder,
        SimpleImputer,
        MissingIndicator,
        selection.VarianceThreshold,
        selection.SelectKBest,
        selection.SelectPercentile,
        selection.SelectFromModel,
        selection.RFE,
        selection.RFECV,
    ]
)


def check_additive(fitted: Any) -> None:
    """Raise NotExplainedError unless a pipeline's score is a sum over its features."""
    fitted = unwrap(fitted)
    parts: list[Any] = []
    while find_type(fitted) is Pipeline:
        parts += [part for _, part in fitted.steps[:-1]]
        fitted = unwrap(fitted.steps[-1][1])
    if type(fitted) not in LINEAR:
        raise NotExplainedError(
            f"{type(fitted).__name__} is no linear model: what a feature contributes"
            " to its answer depends on the others."
        )
    for mixing in _find_mixing(parts):
        raise NotExplainedError(
            f"{type(mixing).__name__} makes columns of several features: what one of"
            " them contributes depends on the others."
        )


def _find_mixing(parts: list[Any]) -> Iterator[Any]:
    """Yield the transformers that are not known to keep columns apart."""
    for part in parts:
        if isinstance(part, str) or part is None or is_sampler(part):
            continue
        if find_type(part) is Pipeline:
            yield from _find_mixing([step for _, step in part.steps])
        elif type(part) is ColumnTransformer:
            yield from _find_mixing([step for _, step, _ in part.transformers_])
        elif type(part) is FeatureUnion:
            yield from _find_mixing([step for _, step in part.transformer_list])
        elif type(part) not in COLUMNWISE and not _is_elementwise(part):
            yield part


def _is_elementwise(part: Any) -> bool:
    """Return True for a function of each number by itself: none, or a ufunc of one."""
    if type(part) is not preprocessing.FunctionTransformer:
        return False
    function = part.func
    return function is None or (
        isinstance(function, np.ufunc) and function.nin == 1 and not part.kw_args
    )
