"""What scikit-learn refuses before each step, refused here as well.

A contract lets only finite numbers in, yet a step may make an infinity or a NaN of
them, and a later one, such as a tree, would silently answer for it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from service.model.errors import NoPlanError
from service.model.outputs import is_plainly_finite
from service.model.plan.steps import Numbers

Made = TypeVar("Made")


def has_infinite(X: Numbers) -> bool:
    return not is_plainly_finite(X) and bool(np.isinf(X).any())


def has_non_finite(X: Numbers) -> bool:
    return not is_plainly_finite(X) and not np.isfinite(X).all()


def refuse_infinite(X: Numbers) -> None:
    if has_infinite(X):
        raise ValueError("A step was given an infinite number.")


def refuse_non_finite(X: Numbers) -> None:
    if has_non_finite(X):
        raise ValueError("A step was given a null or an infinite number.")


def refusing_infinite(step: Callable[[Numbers], Made]) -> Callable[[Numbers], Made]:
    """Return the step that refuses infinities before it runs; NaN may pass."""

    def run(X: Numbers) -> Made:
        refuse_infinite(X)
        return step(X)

    return run


def refusing_non_finite(step: Callable[[Numbers], Made]) -> Callable[[Numbers], Made]:
    """Return the step that refuses infinities and NaN before it runs."""

    def run(X: Numbers) -> Made:
        refuse_non_finite(X)
        return step(X)

    return run


def read_floats(fitted: Any) -> np.ndarray:
    """Return a fitted array. Raises NoPlanError unless it is of float64."""
    array = np.asarray(fitted)
    if array.dtype != np.float64:
        raise NoPlanError(f"It was fitted in {array.dtype}, not in float64.")
    return array
