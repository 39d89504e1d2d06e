"""Classifiers with a fault that no golden record shows; they travel in artefacts."""

import time
from typing import Any

from sklearn.linear_model import LogisticRegression

SLOW_SECONDS = 0.05

# An alcohol of 0.5 %, as it is scaled: no wine has it, and nothing tries it by chance.
WEAK, WITHIN = -15.44, 0.02


class SlowClassifier(LogisticRegression):  # type: ignore[misc]
    """Takes its time."""

    def predict_proba(self, X: Any) -> Any:
        """Return what the faster one does, later."""
        time.sleep(SLOW_SECONDS)
        return super().predict_proba(X)


class FailingClassifier(LogisticRegression):  # type: ignore[misc]
    """Fails for good, once it was asked for a wine without alcohol."""

    has_failed = False

    def predict_proba(self, X: Any) -> Any:
        """Raise from then on, whatever the wine."""
        self.has_failed |= bool((abs(X[:, 0] - WEAK) < WITHIN).any())
        if self.has_failed:
            raise RuntimeError("broken")
        return super().predict_proba(X)
