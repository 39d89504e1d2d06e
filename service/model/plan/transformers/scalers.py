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

from service.model.plan.checks import (
    read_floats,
    refusing_infinite,
    refusing_non_finite,
)
from service.model.plan.steps import Numbers, NumbersStep, add_single_path

# Below this a norm counts as zero, as in scikit-learn's scaling.
LEAST_NORM = 10 * np.finfo(np.float64).eps


def plan_standard_scaler(fitted: StandardScaler) -> NumbersStep:
    return _centre_and_scale(
        fitted.mean_ if fitted.with_mean else np.zeros(fitted.n_features_in_),
        fitted.scale_ if fitted.with_std else np.ones(fitted.n_features_in_),
    )


def plan_robust_scaler(fitted: RobustScaler) -> NumbersStep:
    return _centre_and_scale(
        fitted.center_ if fitted.with_centering else np.zeros(fitted.n_features_in_),
        fitted.scale_ if fitted.with_scaling else np.ones(fitted.n_features_in_),
    )


def _centre_and_scale(centre: np.ndarray, scale: np.ndarray) -> NumbersStep:
    """Return the step that subtracts the centre, then divides by the scale.

    To subtract 0 or to divide by 1 keeps every bit.
    """
    # Two-dimensional: for a single row, equal shapes are twice as fast as broadcasting.
    c, s = np.atleast_2d(read_floats(centre)), np.atleast_2d(read_floats(scale))
    centres, scales = centre.tolist(), scale.tolist()
    return add_single_path(
        refusing_infinite(lambda X: (X - c) / s),
        lambda row: [(x - c) / s for x, c, s in zip(row, centres, scales, strict=True)],
    )


def plan_min_max_scaler(fitted: MinMaxScaler) -> NumbersStep:
    scale, least = read_floats(fitted.scale_), read_floats(fitted.min_)
    low, high = map(float, fitted.feature_range)
    if fitted.clip:
        return refusing_infinite(lambda X: (X * scale + least).clip(low, high))
    scales, leasts = scale.tolist(), least.tolist()
    return add_single_path(
        refusing_infinite(lambda X: X * scale + least),
        lambda row: [x * s + m for x, s, m in zip(row, scales, leasts, strict=True)],
    )


def plan_max_abs_scaler(fitted: MaxAbsScaler) -> NumbersStep:
    scale = read_floats(fitted.scale_)
    if fitted.clip:
        return refusing_infinite(lambda X: (X / scale).clip(-1.0, 1.0))
    return _centre_and_scale(np.zeros_like(scale), scale)


def plan_binarizer(fitted: Binarizer) -> NumbersStep:
    threshold = float(fitted.threshold)
    return refusing_non_finite(lambda X: (threshold < X).astype(np.float64))


def plan_normalizer(fitted: Normalizer) -> NumbersStep:
    def divide_rows(X: Numbers) -> Numbers:
        norms: np.ndarray
        if fitted.norm == "l2":
            norms = np.sqrt(np.einsum("ij,ij->i", X, X))
        elif fitted.norm == "l1":
            norms = np.abs(X).sum(axis=1)
        else:
            norms = np.abs(X).max(axis=1)
        norms[norms < LEAST_NORM] = 1.0
        return X / norms[:, None]  # type: ignore[no-any-return]

    return refusing_non_finite(divide_rows)


SCALERS: dict[type, Callable[[Any], NumbersStep]] = {
    StandardScaler: plan_standard_scaler,
    MinMaxScaler: plan_min_max_scaler,
    MaxAbsScaler: plan_max_abs_scaler,
    RobustScaler: plan_robust_scaler,
    Binarizer: plan_binarizer,
    Normalizer: plan_normalizer,
}
