"""What has a compiled form: one row a type, exact types only.

A subclass may transform otherwise than its parent, and is never mistaken for it.
"""

from collections.abc import Callable
from typing import Any

from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import (
    RFE,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.boosters import BOOSTERS
from service.model.plan.predictors.ensembles import DECISIONS, WRAPPERS
from service.model.plan.predictors.linear import LINEAR
from service.model.plan.steps import EncodingStep, FinalStep, NumbersStep, ObjectsStep
from service.model.plan.transformers.distributions import (
    plan_power_transformer,
    plan_quantile_transformer,
)
from service.model.plan.transformers.encoders import (
    plan_one_hot_encoder,
    plan_ordinal_encoder,
    plan_target_encoder,
)
from service.model.plan.transformers.expansions import (
    plan_bins,
    plan_polynomial,
    plan_splines,
)
from service.model.plan.transformers.imputers import (
    plan_missing_indicator,
    plan_number_imputer,
    plan_object_imputer,
)
from service.model.plan.transformers.scalers import (
    plan_binarizer,
    plan_max_abs_scaler,
    plan_min_max_scaler,
    plan_normalizer,
    plan_robust_scaler,
    plan_standard_scaler,
)
from service.model.plan.transformers.selectors import (
    plan_function_transformer,
    plan_pca,
    plan_selector,
    plan_truncated_svd,
)
from service.model.plan.trees.forests import TREES

# Numbers to numbers.
NUMERIC: dict[type, Callable[[Any], NumbersStep]] = {
    SimpleImputer: plan_number_imputer,
    MissingIndicator: plan_missing_indicator,
    StandardScaler: plan_standard_scaler,
    MinMaxScaler: plan_min_max_scaler,
    MaxAbsScaler: plan_max_abs_scaler,
    RobustScaler: plan_robust_scaler,
    KBinsDiscretizer: plan_bins,
    PowerTransformer: plan_power_transformer,
    QuantileTransformer: plan_quantile_transformer,
    PolynomialFeatures: plan_polynomial,
    SplineTransformer: plan_splines,
    FunctionTransformer: plan_function_transformer,
    Binarizer: plan_binarizer,
    Normalizer: plan_normalizer,
    VarianceThreshold: plan_selector,
    SelectKBest: plan_selector,
    SelectPercentile: plan_selector,
    SelectFpr: plan_selector,
    SelectFdr: plan_selector,
    SelectFwe: plan_selector,
    GenericUnivariateSelect: plan_selector,
    SelectFromModel: plan_selector,
    RFE: plan_selector,
    PCA: plan_pca,
    TruncatedSVD: plan_truncated_svd,
}

# Categories to numbers.
ENCODERS: dict[type, Callable[[Any], EncodingStep]] = {
    OneHotEncoder: plan_one_hot_encoder,
    OrdinalEncoder: plan_ordinal_encoder,
    TargetEncoder: plan_target_encoder,
}

# Categories to categories.
IMPUTERS: dict[type, Callable[[Any], ObjectsStep]] = {
    SimpleImputer: plan_object_imputer,
}

# Numbers to predictions; what is not installed here is known by its name.
FINAL: dict[type, Callable[[Any], FinalStep]] = {
    **LINEAR,
    **BAYES,
    **TREES,
    **DECISIONS,
}
FINAL_BY_NAME: dict[str, Callable[[Any], FinalStep]] = BOOSTERS

__all__ = ["ENCODERS", "FINAL", "FINAL_BY_NAME", "IMPUTERS", "NUMERIC", "WRAPPERS"]


def find_final(kind: type) -> Callable[[Any], FinalStep]:
    """Return what compiles a predictor of this very type. Raises KeyError."""
    found = FINAL.get(kind)
    return found or FINAL_BY_NAME[f"{kind.__module__}.{kind.__qualname__}"]
