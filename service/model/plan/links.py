"""What turns the scores that trees add up to into predictions."""

import operator
from collections.abc import Callable

import numpy as np
from scipy.special import expit

from service.model.outputs import Outputs
from service.model.plan.scores import softmax, two_columns

Link = Callable[[np.ndarray], Outputs]


def link_probabilities(scores: np.ndarray) -> Outputs:
    """Return the classes of scores that are probabilities, and the scores."""
    return Outputs(classes=scores.argmax(axis=1), probabilities=scores)


def link_values(scores: np.ndarray) -> Outputs:
    """Return scores as the values that they are."""
    return Outputs(values=scores)


def link_margins(scale: float, *, tie_is_second: bool) -> Link:
    """Return the link of boosting: two classes share one margin, more have one each."""
    is_second = operator.ge if tie_is_second else operator.gt

    def link_one(margin: float) -> Outputs:
        # The same on plain numbers, which spares a lone instance 1.5 microseconds.
        second = float(expit(scale * margin))
        classes = np.array([int(is_second(margin, 0))])
        return Outputs(classes, np.array([[1.0 - second, second]]))

    def link(margins: np.ndarray) -> Outputs:
        if margins.shape[1] > 1:
            return Outputs(margins.argmax(axis=1), softmax(margins))
        if len(margins) == 1:
            return link_one(margins.item())
        margin = margins[:, 0]
        classes = is_second(margin, 0).astype(np.intp)
        return Outputs(classes, two_columns(expit(scale * margin)))

    return link


def as_columns(scores: np.ndarray) -> np.ndarray:
    """Return scores of any shape as doubles of shape (n, k)."""
    return np.asarray(scores, dtype=np.float64).reshape(len(scores), -1)
