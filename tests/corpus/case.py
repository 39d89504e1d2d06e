"""A case: a pipeline, not yet fitted, and what it is fitted on."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone

from corpus.tables import TRAINING, Data


@dataclass(frozen=True)
class Case:
    """A pipeline by name, in a family, as `make` makes it.

    `scores` and `std` are what package() takes under these names.
    """

    name: str
    family: str
    make: Callable[[], Any]
    read: Callable[[], Data]
    options: Mapping[str, Any] = field(default_factory=dict)

    def fit(self) -> Any:
        """Return it fitted on the even rows of its data."""
        X, y = self.read().take(TRAINING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few iterations, and what is deprecated
            return clone(self.make()).fit(X, y)
