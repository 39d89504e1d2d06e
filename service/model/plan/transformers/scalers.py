"""Steps that scale numbers.

Each keeps scikit-learn's order of operations, and so its last bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from service.model.plan.checks import read_floats, refuse_infinite, refuse_non_finite
from service.model.plan.steps import Numbers, NumbersStep, Row, add_single_path

# Below this a norm counts as zero, as in scikit-learn's scaling.
LEAST_NORM = 10 * np.finfo(np.float64).eps


def plan_standard_scaler(fitted: StandardScaler) -> NumbersStep:
    """Compile a StandardScaler."""
    return centre_and_scale(
        read_floats(fitted.mean_) if fitted.with_mean else None,
        read_floats(fitted.scale_) if fitted.with_std else None,
    )


def plan_robust_scaler(fitted: RobustScaler) -> NumbersStep:
    """Compile a RobustScaler."""
    return centre_and_scale(
        read_floats(fitted.center_) if fitted.with_centering else None,
        read_floats(fitted.scale_) if fitted.with_scaling else None,
    )


def centre_and_scale(
    centre: np.ndarray | None, scale: np.ndarray | None
) -> NumbersStep:
    """Return the step that subtracts the centre, then divides by the scale."""
    # Two-dimensional: for a single row, equal shapes are twice as fast as broadcasting.
    centre = None if centre is None else np.atleast_2d(centre)
    scale = None if scale is None else np.atleast_2d(scale)

    def step(X: Numbers) -> Numbers:
        refuse_infinite(X)
        if centre is None:
            return X if scale is None else X / scale
        centred: Numbers = X - centre
        if scale is not None:
            centred /= scale
        return centred

    given = [fitted for fitted in (centre, scale) if fitted is not None]
    if not given:
        return step
    # To subtract 0 or to divide by 1 keeps every bit.
    zeros, ones = np.zeros_like(given[0]), np.ones_like(given[0])
    centres = (zeros if centre is None else centre).ravel().tolist()
    scales = (ones if scale is None else scale).ravel().tolist()

    def scale_row(row: Row) -> Row:
        return [(x - c) / s for x, c, s in zip(row, centres, scales, strict=True)]

    return add_single_path(step, scale_row)


def plan_min_max_scaler(fitted: MinMaxScaler) -> NumbersStep:
    """Compile a MinMaxScaler."""
    scale, least = read_floats(fitted.scale_), read_floats(fitted.min_)
    low, high = map(float, fitted.feature_range)

    def step(X: Numbers) -> Numbers:
        refuse_infinite(X)
        scaled: Numbers = X * scale
        scaled += least
        return scaled.clip(low, high, out=scaled) if fitted.clip else scaled

    if fitted.clip:
        return step
    scales, leasts = scale.tolist(), least.tolist()

    def scale_row(row: Row) -> Row:
        return [x * s + m for x, s, m in zip(row, scales, leasts, strict=True)]

    return add_single_path(step, scale_row)


def plan_max_abs_scaler(fitted: MaxAbsScaler) -> NumbersStep:
    """Compile a MaxAbsScaler."""
    scale = read_floats(fitted.scale_)

    def step(X: Numbers) -> Numbers:
        refuse_infinite(X)
        scaled: Numbers = X / scale
        return scaled.clip(-1.0, 1.0, out=scaled) if fitted.clip else scaled

    if fitted.clip:
        return step
    scales = scale.tolist()

    def scale_row(row: Row) -> Row:
        return [x / s for x, s in zip(row, scales, strict=True)]

    return add_single_path(step, scale_row)


def plan_binarizer(fitted: Binarizer) -> NumbersStep:
    """Compile a Binarizer."""
    threshold = float(fitted.threshold)

    def step(X: Numbers) -> Numbers:
        refuse_non_finite(X)
        return (threshold < X).astype(np.float64)

    return step


def plan_normalizer(fitted: Normalizer) -> NumbersStep:
    """Compile a Normalizer."""

    def measure(X: Numbers) -> np.ndarray:
        norms: np.ndarray
        if fitted.norm == "l2":
            norms = np.sqrt(np.einsum("ij,ij->i", X, X))
        elif fitted.norm == "l1":
            norms = np.abs(X).sum(axis=1)
        else:
            norms = np.abs(X).max(axis=1)
        norms[norms < LEAST_NORM] = 1.0
        return norms

    def step(X: Numbers) -> Numbers:
        refuse_non_finite(X)
        normed: Numbers = X / measure(X)[:, None]
        return normed

    return step


SCALERS: dict[type, Callable[[Any], NumbersStep]] = {
    StandardScaler: plan_standard_scaler,
    MinMaxScaler: plan_min_max_scaler,
    MaxAbsScaler: plan_max_abs_scaler,
    RobustScaler: plan_robust_scaler,
    Binarizer: plan_binarizer,
    Normalizer: plan_normalizer,
}
