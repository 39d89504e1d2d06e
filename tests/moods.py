"""A regressor with a fault that comes and goes; it travels in an artefact."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

SHIFTS = {"nan": np.nan, "inf": np.inf, "shift": 1.0}


class MoodyRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers the first column, or does what the file named by MOOD_FILE asks for."""

    def fit(self, X: Any, y: Any) -> "MoodyRegressor":
        """Remember the width of the table."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        """Return an array of shape (n,)."""
        path = Path(os.environ.get("MOOD_FILE", "/nonexistent"))
        mood = path.read_text() if path.exists() else ""
        if mood == "raise":
            raise ValueError(f"the value {X.to_numpy()[0, 0]!r}")
        return X.to_numpy()[:, 0] + SHIFTS.get(mood, 0.0)
