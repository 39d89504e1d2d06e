"""What scikit-learn refuses before each step, refused here as well.

A contract lets only finite numbers in, yet a step may make an infinity or a NaN of
them, and a later one, such as a tree, would silently answer for it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from service.model.errors import NoPlanError
from service.model.outputs import is_plainly_finite
from service.model.plan.sparse import SparseRows
from service.model.plan.steps import Numbers

Made = TypeVar("Made")
Given = TypeVar("Given", Numbers, SparseRows)


def has_infinite(X: Numbers | SparseRows) -> bool:
    values = X.values if isinstance(X, SparseRows) else X
    return not is_plainly_finite(values) and bool(np.isinf(values).any())


def has_non_finite(X: Numbers | SparseRows) -> bool:
    values = X.values if isinstance(X, SparseRows) else X
    return not is_plainly_finite(values) and not np.isfinite(values).all()


def refuse_infinite(X: Numbers | SparseRows) -> None:
    if has_infinite(X):
        raise ValueError("A step was given an infinite number.")


def refuse_non_finite(X: Numbers | SparseRows) -> None:
    if has_non_finite(X):
        raise ValueError("A step was given a null or an infinite number.")


def refusing_infinite(step: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Return the step that refuses infinities before it runs; NaN may pass."""

    def run(X: Given) -> Made:
        refuse_infinite(X)
        return step(X)

    return run


def refusing_non_finite(step: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Return the step that refuses infinities and NaN before it runs."""

    def run(X: Given) -> Made:
        refuse_non_finite(X)
        return step(X)

    return run


def read_floats(fitted: Any) -> np.ndarray:
    """Return a fitted array. Raises NoPlanError unless it is of float64."""
    array = np.asarray(fitted)
    if array.dtype != np.float64:
        raise NoPlanError(f"It was fitted in {array.dtype}, not in float64.")
    return array
