"""Classifiers with a fault that no golden record shows; they travel in artefacts."""

import time
from typing import Any

from sklearn.linear_model import LogisticRegression

SLOW_SECONDS = 0.05

# In standard deviations: no wine of the training has so little alcohol.
FAR = -10.0


class SlowClassifier(LogisticRegression):  # type: ignore[misc]
    """Takes its time."""

    def predict_proba(self, X: Any) -> Any:
        """Return what the faster one does, later."""
        time.sleep(SLOW_SECONDS)
        return super().predict_proba(X)


class FailingClassifier(LogisticRegression):  # type: ignore[misc]
    """Fails where others extrapolate."""

    def predict_proba(self, X: Any) -> Any:
        """Raise for what lies far from training."""
        if (X[:, 0] < FAR).any():
            raise ValueError("too far")
        return super().predict_proba(X)
