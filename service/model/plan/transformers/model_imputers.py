"""Steps that fill nulls in by neighbours, or by models of the other columns.

A row without nulls passes through; for the others scikit-learn's operations are
repeated, in its order, without its checks and its masked arrays.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.impute import KNNImputer
from sklearn.impute._iterative import IterativeImputer
from sklearn.linear_model import BayesianRidge
from sklearn.neighbors._base import _get_weights
from sklearn.utils._chunking import get_chunk_n_rows

from service.model.errors import NoPlanError
from service.model.outputs import is_plainly_finite
from service.model.plan.checks import read_floats, refuse_infinite
from service.model.plan.pairwise import Compare, plan_null_distances
from service.model.plan.steps import Numbers, NumbersStep, Row, Step, run_as_batch
from service.model.plan.transformers.imputers import plan_number_imputer

# From an array that may be overwritten, and where its nulls are, to the filled array.
Fill = Callable[[Numbers, np.ndarray], Numbers]


def _plan_filling(fitted: Any, fill: Fill) -> NumbersStep:
    """Plan an imputer around what fills nulls; rows without any pass through."""
    marked = fitted.indicator_.features_ if fitted.add_indicator else None

    def step(X: Numbers) -> Numbers:
        if marked is None and is_plainly_finite(X):
            return X
        refuse_infinite(X)
        missing = np.isnan(X)
        filled = fill(X.copy(), missing) if missing.any() else X
        if marked is None:
            return filled
        return np.concatenate([filled, missing.take(marked, axis=1)], axis=1)

    if marked is not None:
        return step

    def fill_row(row: Row) -> Row:
        return row if math.isfinite(sum(row)) else run_as_batch(step, row)

    return Step(step, fill_row)


def _require_nulls(fitted: Any, is_empty: np.ndarray) -> None:
    marker = fitted.missing_values
    if not isinstance(marker, float) or not math.isnan(marker):
        raise NoPlanError(f"{type(fitted).__name__} takes another mark for a null.")
    if is_empty.any():
        raise NoPlanError(f"{type(fitted).__name__} was given an empty column.")


# By neighbours


def plan_knn_imputer(fitted: KNNImputer) -> NumbersStep:
    _require_nulls(fitted, ~fitted._valid_mask)
    if fitted.metric != "nan_euclidean":
        raise NoPlanError("KNNImputer has a metric of its own.")
    table = read_floats(fitted._fit_X)
    measure = plan_null_distances(table)
    impute = [_plan_donors(fitted, column) for column in range(table.shape[1])]

    def fill_rows(X: Numbers, missing: np.ndarray) -> None:
        distances = measure(X)
        for column in np.flatnonzero(missing.any(axis=0)):
            rows = np.flatnonzero(missing[:, column])
            X[rows, column] = impute[column](distances[rows])

    def fill(X: Numbers, missing: np.ndarray) -> Numbers:
        with_nulls = np.flatnonzero(missing.any(axis=1))
        size = get_chunk_n_rows(8 * len(table), max_n_rows=len(with_nulls))
        for start in range(0, len(with_nulls), size):
            rows = with_nulls[start : start + size]
            part = X[rows]
            fill_rows(part, missing[rows])
            X[rows] = part
        return X

    return _plan_filling(fitted, fill)


def _plan_donors(fitted: KNNImputer, column: int) -> Compare:
    """Plan the values of a column, by the distances of rows to the fitted ones."""
    is_missing = fitted._mask_fit_X[:, column]
    donors = np.flatnonzero(~is_missing)
    values = fitted._fit_X[donors, column]
    mean = float(np.ma.array(fitted._fit_X[:, column], mask=is_missing).mean())
    count = min(fitted.n_neighbors, len(donors))

    def impute(distances: np.ndarray) -> np.ndarray:
        near = distances[:, donors]
        chosen = np.argpartition(near, count - 1, axis=1)[:, :count]
        lengths = np.take_along_axis(near, chosen, axis=1)
        weights = _get_weights(lengths, fitted.weights)
        if weights is None:
            weights = np.ones_like(lengths)
            weights[np.isnan(lengths)] = 0.0
        else:
            weights[np.isnan(weights)] = 0.0
        total, scale = (values.take(chosen) * weights).sum(axis=1), weights.sum(axis=1)
        found = np.divide(total, scale, out=total, where=scale != 0)
        # A row that shares no column with any donor.
        return np.where(np.isnan(near).all(axis=1), mean, found)

    return impute


# By models of the other columns


def plan_iterative_imputer(fitted: IterativeImputer) -> NumbersStep:
    """Plan an IterativeImputer that draws nothing at random."""
    _require_nulls(fitted, fitted._is_empty_feature)
    if fitted.sample_posterior:
        raise NoPlanError("IterativeImputer draws at random.")
    start: Any = plan_number_imputer(fitted.initial_imputer_)
    rounds = [
        (each.feat_idx, each.neighbor_feat_idx, _plan_model(fitted, each))
        for each in fitted.imputation_sequence_
    ]

    def fill(X: Numbers, missing: np.ndarray) -> Numbers:
        filled = np.asfortranarray(start(X))
        if missing.all():
            return np.ascontiguousarray(filled)
        has_nulls: Any = missing.any(axis=0)
        for column, others, predict in rounds:
            if has_nulls[column]:
                rows = missing[:, column]
                filled[rows, column] = predict(filled[:, others][rows])
        return np.ascontiguousarray(filled)

    return _plan_filling(fitted, fill)


def _plan_model(fitted: IterativeImputer, part: Any) -> Callable[[Numbers], Any]:
    """Return what predicts a column: of the usual model, without its checks."""
    low, high = fitted._min_value[part.feat_idx], fitted._max_value[part.feat_idx]
    model = part.estimator
    if type(model) is not BayesianRidge:
        return lambda X: model.predict(X).clip(low, high)
    weights, offset = read_floats(model.coef_), model.intercept_
    return lambda X: (X @ weights + offset).clip(low, high)


MODEL_IMPUTERS: dict[type, Callable[[Any], NumbersStep]] = {
    KNNImputer: plan_knn_imputer,
    IterativeImputer: plan_iterative_imputer,
}
