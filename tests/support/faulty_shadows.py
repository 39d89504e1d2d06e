"""A regressor whose faults its golden records do not show; it travels."""

import time
from typing import Any

from sklearn.base import BaseEstimator, RegressorMixin

# Values that no golden record has, and what each does. They have more digits than the
# numbers of a log line, among which they are looked for.
RAISE, EXIT, EAT, SLEEP = 66.7509765625, 67.7509765625, 68.7509765625, 69.7509765625

# What it answers more than its only column.
SHIFT = 0.5


class FaultyRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers the first column and half of one, and has a fault for some values."""

    def fit(self, X: Any, y: Any) -> "FaultyRegressor":
        """Remember the width of the table."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        """Return an array of shape (n,)."""
        first = X.to_numpy()[:, 0]
        if RAISE in first:
            raise KeyError(f"the value {RAISE}")
        if EXIT in first:
            raise SystemExit(f"the value {EXIT}")
        eaten = []
        while EAT in first:
            eaten.append(b"x" * 2**20)
        if SLEEP in first:
            time.sleep(3600)
        return first + SHIFT
