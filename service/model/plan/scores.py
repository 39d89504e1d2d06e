"""What predictors share: scores, and how probabilities are made of them.

Each function repeats what scikit-learn 1.9 does, operation by operation.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from service.model.outputs import Outputs
from service.model.plan.steps import FinalStep, Numbers

Scores = Callable[[Numbers], np.ndarray]


def drop_names(fitted: Any) -> Any:
    """Return the estimator without the column names whose absence it would warn of."""
    if "feature_names_in_" not in vars(fitted):
        return fitted
    bare = copy.copy(fitted)
    del bare.feature_names_in_
    return bare


def refuse_non_finite(fitted: Any, step: FinalStep) -> FinalStep:
    """Let scikit-learn itself refuse NaN and the infinities, by its own error."""
    bare = drop_names(fitted)

    def run(X: Numbers) -> Outputs:
        if not np.isfinite(X).all():
            bare.predict(X)
        return step(X)

    return run


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return sklearn.utils.extmath.softmax."""
    powers: np.ndarray = scores - scores.max(axis=1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def two_columns(probabilities: np.ndarray) -> np.ndarray:
    """Return two columns from the probability of the second class."""
    both = np.empty((len(probabilities), 2))
    both[:, 1] = probabilities
    np.subtract(1.0, probabilities, out=both[:, 0])
    return both


def normalise(scores: np.ndarray) -> np.ndarray:
    """Divide each row by its sum; a row of zeros becomes uniform."""
    sums = scores.sum(axis=1)
    is_empty = sums == 0
    if is_empty.any():
        scores[is_empty] = 1
        sums[is_empty] = scores.shape[1]
    scores /= sums[:, np.newaxis]
    return scores
