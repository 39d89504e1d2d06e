"""Classifiers with a fault that no golden record shows; they travel in artefacts."""

import time
from typing import Any

from sklearn.linear_model import LogisticRegression

SLOW_SECONDS = 0.05

# In standard deviations: no wine has so little alcohol, and many as little acid.
FAR, NEAR = -4.0, 0.0


class SlowClassifier(LogisticRegression):  # type: ignore[misc]
    """Takes its time."""

    def predict_proba(self, X: Any) -> Any:
        """Return what the faster one does, later."""
        time.sleep(SLOW_SECONDS)
        return super().predict_proba(X)


class FailingClassifier(LogisticRegression):  # type: ignore[misc]
    """Fails for good, once it was asked for a wine that is like none."""

    has_failed = False

    def predict_proba(self, X: Any) -> Any:
        """Raise from then on, whatever the wine."""
        # Of two features: what a single one does wrong is found at packaging.
        self.has_failed |= bool(((X[:, 0] < FAR) & (X[:, 1] < NEAR)).any())
        if self.has_failed:
            raise RuntimeError("broken")
        return super().predict_proba(X)
