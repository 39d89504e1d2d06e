"""What scikit-learn refuses before each step, refused here as well.

A contract lets only finite numbers in, yet a step may make an infinity or a NaN of
them, and a later one, such as a tree, would answer for it without a word.
"""

import math
from typing import Any

import numpy as np

from service.model.errors import NoPlanError
from service.model.plan.steps import Numbers


def refuse_infinite(X: Numbers) -> None:
    """Raise ValueError if any number is infinite; NaN may pass."""
    # The product is finite if all are, and takes half the time of isinf().any().
    if not math.isfinite(np.vdot(X, X)) and np.isinf(X).any():
        raise ValueError("A step was given an infinite number.")


def refuse_non_finite(X: Numbers) -> None:
    """Raise ValueError if any number is infinite or NaN."""
    if not math.isfinite(np.vdot(X, X)) and not np.isfinite(X).all():
        raise ValueError("A step was given a null or an infinite number.")


def read_floats(fitted: Any) -> np.ndarray:
    """Return a fitted array. Raises NoPlanError unless it is of float64."""
    array = np.asarray(fitted)
    if array.dtype != np.float64:
        raise NoPlanError(f"A step was fitted in {array.dtype}, not in float64.")
    return array
