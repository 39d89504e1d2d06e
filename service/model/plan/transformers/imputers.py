"""Steps that fill nulls in, or mark them."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.impute import MissingIndicator, SimpleImputer

from service.model.contract.array_columns import CodedColumn
from service.model.errors import NoPlanError
from service.model.outputs import is_plainly_finite
from service.model.plan.checks import refusing_infinite, refusing_non_finite
from service.model.plan.steps import (
    Numbers,
    NumbersStep,
    Objects,
    ObjectsStep,
    Row,
    Step,
    run_as_batch,
)


def plan_number_imputer(fitted: SimpleImputer) -> NumbersStep:
    """Compile a SimpleImputer over numbers."""
    find_missing = _plan_missing(fitted.missing_values)
    fills = np.array([_read_number(fill) for fill in fitted.statistics_])
    kept = np.flatnonzero(~np.isnan(fills) | fitted.keep_empty_features)
    has_dropped = len(kept) < len(fills)
    marked = fitted.indicator_.features_ if fitted.add_indicator else None
    if not kept.size and marked is None:
        raise NoPlanError("SimpleImputer keeps no column.")
    is_idle_if_finite = (
        _is_nan(fitted.missing_values) and not has_dropped and marked is None
    )

    def step(X: Numbers) -> Numbers:
        if is_idle_if_finite and is_plainly_finite(X):
            return X
        missing = find_missing(X)
        filled = np.where(missing, fills, X)
        if has_dropped:
            filled = filled.take(kept, axis=1)
        if marked is None:
            return filled
        return np.concatenate([filled, missing.take(marked, axis=1)], axis=1)

    if not is_idle_if_finite:
        return step
    return Step(step, _plan_single(step, fills.tolist()))


def _plan_single(step: NumbersStep, fills: list[float]) -> Callable[[Row], Row]:
    def fill_row(row: Row) -> Row:
        if math.isfinite(sum(row)):
            return row
        filled = [
            fill if value != value else value  # noqa: PLR0124
            for value, fill in zip(row, fills, strict=True)
        ]
        return filled if math.isfinite(sum(filled)) else run_as_batch(step, row)

    return fill_row


def plan_missing_indicator(fitted: MissingIndicator) -> NumbersStep:
    """Compile a MissingIndicator; its marks are 0.0 and 1.0."""
    find_missing = _plan_missing(fitted.missing_values)
    marked = fitted.features_
    if not marked.size:
        raise NoPlanError("MissingIndicator marks no column.")
    is_new = np.ones(fitted.n_features_in_, dtype=bool)
    is_new[marked] = False
    refuses_new = fitted.features == "missing-only" and fitted.error_on_new

    def step(X: Numbers) -> Numbers:
        missing = find_missing(X)
        if refuses_new and (missing & is_new).any():
            raise ValueError("A value is missing in a column that was complete.")
        return missing.take(marked, axis=1).astype(float)  # type: ignore[no-any-return]

    return step


def plan_object_imputer(fitted: SimpleImputer) -> ObjectsStep:
    """Compile a SimpleImputer over objects, whose nulls are NaN."""
    if not _is_nan(fitted.missing_values):
        raise NoPlanError("SimpleImputer takes something other than NaN for a null.")
    if fitted.strategy not in ("most_frequent", "constant"):
        raise NoPlanError("SimpleImputer computes with what may be strings.")
    if fitted.add_indicator:
        raise NoPlanError("SimpleImputer adds indicators to objects.")
    fills = [_read_object(fill) for fill in fitted.statistics_.tolist()]
    kept = [
        (index, fill)
        for index, fill in enumerate(fills)
        if fill is not None or fitted.keep_empty_features
    ]

    def step(columns: Objects) -> Objects:
        return [_fill(columns[index], fill) for index, fill in kept]

    def fill_row(row: Row) -> Row:
        return [fill if row[index] is None else row[index] for index, fill in kept]

    return Step(step, fill_row)


def _fill(column: Any, fill: Any) -> Any:
    if None not in column:
        return column
    if type(column) is CodedColumn:
        kinds = [fill if kind is None else kind for kind in column.kinds]
        return CodedColumn(column.codes, kinds)
    return [fill if value is None else value for value in column]


def _plan_missing(marker: Any) -> Callable[[Numbers], np.ndarray]:
    """Return what finds missing values. Raises NoPlanError if no number marks them."""

    if _is_nan(marker):
        return refusing_infinite(np.isnan)
    number = _read_number(marker)
    return refusing_non_finite(lambda X: np.equal(X, number))


def _is_nan(value: Any) -> bool:
    return isinstance(value, Real) and math.isnan(value)


def _read_number(value: Any) -> float:
    if not isinstance(value, Real):
        raise NoPlanError("SimpleImputer fills or seeks something that is no number.")
    return float(value)


def _read_object(fill: Any) -> Any:
    plain = fill.item() if isinstance(fill, np.generic) else fill
    if _is_nan(plain):
        return None
    if not isinstance(plain, str | int | float):
        raise NoPlanError("SimpleImputer fills in something other than plain values.")
    return plain


NUMBER_IMPUTERS: dict[type, Callable[[Any], NumbersStep]] = {
    SimpleImputer: plan_number_imputer,
    MissingIndicator: plan_missing_indicator,
}
OBJECT_IMPUTERS: dict[type, Callable[[Any], ObjectsStep]] = {
    SimpleImputer: plan_object_imputer,
}
