"""Steps from sparse rows to others: weighed, scaled or chosen.

Each does to the values what scikit-learn does to those of a matrix, in its order. It
divides by no scale here, but multiplies by its reciprocal, as scikit-learn does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import feature_selection as selection
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from service.model.errors import NoPlanError
from service.model.plan.checks import (
    read_floats,
    refusing_infinite,
    refusing_non_finite,
)
from service.model.plan.sparse import SparseRows, normalise_rows

SparseStep = Callable[[SparseRows], SparseRows]


def plan_tfidf_transformer(fitted: Any) -> SparseStep:
    """Compile a TfidfTransformer, or that part of a TfidfVectorizer."""
    idf = read_floats(fitted.idf_) if fitted.use_idf else None
    norm, is_sublinear = fitted.norm, fitted.sublinear_tf

    def step(rows: SparseRows) -> SparseRows:
        values = np.log(rows.values) + 1.0 if is_sublinear else rows.values
        if idf is not None:
            values = values * idf.take(rows.columns)
        rows = rows.replace_values(values)
        return rows if norm is None else normalise_rows(rows, norm)

    return refusing_non_finite(step)


def plan_sparse_standard_scaler(fitted: StandardScaler) -> SparseStep:
    return _scale(fitted.scale_)


def plan_sparse_robust_scaler(fitted: RobustScaler) -> SparseStep:
    return _scale(fitted.scale_ if fitted.with_scaling else None)


def plan_sparse_max_abs_scaler(fitted: MaxAbsScaler) -> SparseStep:
    return _scale(fitted.scale_, is_clipped=fitted.clip)


def _scale(scale: Any, *, is_clipped: bool = False) -> SparseStep:
    if scale is None:
        return refusing_infinite(lambda rows: rows)
    factors = 1.0 / read_floats(scale)

    def step(rows: SparseRows) -> SparseRows:
        values = rows.values * factors.take(rows.columns)
        return rows.replace_values(values.clip(-1.0, 1.0) if is_clipped else values)

    return refusing_infinite(step)


def plan_sparse_normalizer(fitted: Normalizer) -> SparseStep:
    return refusing_non_finite(lambda rows: normalise_rows(rows, fitted.norm))


def plan_sparse_binarizer(fitted: Binarizer) -> SparseStep:
    return refusing_non_finite(lambda rows: mark_above(rows, fitted.threshold))


def mark_above(X: Any, threshold: float) -> Any:
    """Return 1.0 where numbers, dense or sparse, are above a threshold, else 0.0."""
    if isinstance(X, SparseRows):
        return X.replace_values((X.values > threshold).astype(np.float64))
    return np.greater(X, threshold).astype(np.float64)


def plan_sparse_selector(fitted: selection.SelectorMixin) -> SparseStep:
    support = fitted.get_support()
    width = int(support.sum())
    if not width:
        raise NoPlanError(f"{type(fitted).__name__} keeps no column.")
    targets = np.where(support, np.cumsum(support) - 1, -1)
    return refusing_non_finite(lambda rows: rows.take_columns(targets, width))


SPARSE_STEPS: dict[type, Callable[[Any], SparseStep]] = {
    TfidfTransformer: plan_tfidf_transformer,
    StandardScaler: plan_sparse_standard_scaler,
    RobustScaler: plan_sparse_robust_scaler,
    MaxAbsScaler: plan_sparse_max_abs_scaler,
    Normalizer: plan_sparse_normalizer,
    Binarizer: plan_sparse_binarizer,
    selection.VarianceThreshold: plan_sparse_selector,
    selection.SelectKBest: plan_sparse_selector,
    selection.SelectPercentile: plan_sparse_selector,
    selection.SelectFpr: plan_sparse_selector,
    selection.SelectFdr: plan_sparse_selector,
    selection.SelectFwe: plan_sparse_selector,
    selection.GenericUnivariateSelect: plan_sparse_selector,
    selection.SelectFromModel: plan_sparse_selector,
    selection.RFE: plan_sparse_selector,
    selection.RFECV: plan_sparse_selector,
    selection.SequentialFeatureSelector: plan_sparse_selector,
}
