"""A step of a pipeline that has a fault, once its process has lived for a while.

So it answers its golden records first, as a bad version does whose fault is found by
the requests alone.
"""

import os
import time
from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin

BORN = time.monotonic()
SOUND_SECONDS = 3


class Fault(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Passes a table on, or does what BENCH_FAULT says."""

    def fit(self, X: Any, y: Any = None) -> "Fault":
        """Remember the width of the table."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        """Return the table."""
        fault = os.environ.get("BENCH_FAULT", "")
        if fault and time.monotonic() - BORN > SOUND_SECONDS:
            act(fault)
        return X


def act(fault: str) -> None:
    """Hold a fault against whoever asked."""
    if fault == "sleep":
        time.sleep(3600)
    if fault == "raise":
        raise RuntimeError(fault)
    eaten = []
    while fault == "eat":
        eaten.append(b"x" * 2**20)
