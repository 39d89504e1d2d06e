"""A regressor with a fault that comes and goes; it travels in an artefact."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

SHIFTS = {"nan": np.nan, "inf": np.inf, "shift": 1.0}

# A value that is held for as long as the mood is one "hold", which a number may tell
# from the next; that takes a GB of memory where the mood is "eat", some seconds of a
# processor where it is "compute"; or that no Exception refuses where it is "panic". No
# golden record has it.
HELD = 77.25
COMPUTE_SECONDS = 2.75

# By which a row's answer depends on whether there are others: more than rounding does,
# and less than a golden record may differ by.
SHARE_OF_OTHERS = 1e-10

# A process that is forked once this has its thread waits for it without end.
THREAD = ThreadPoolExecutor(1)


class Panic(BaseException):
    """What no Exception is, as a panic of a library in Rust is none."""


class MoodyRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers the first column, or does what the file named by MOOD_FILE asks for."""

    def fit(self, X: Any, y: Any) -> "MoodyRegressor":
        """Remember the width of the table."""
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        """Return an array of shape (n,)."""
        mood = held = read_mood()
        while mood == held and mood.startswith("hold") and HELD in X.to_numpy()[:, 0]:
            time.sleep(0.01)
            mood = read_mood()
        if mood == "compute" and HELD in X.to_numpy()[:, 0]:
            compute()
        if mood == "eat" and HELD in X.to_numpy()[:, 0]:
            [b"x" * 2**20 for _ in range(2**10)]
        if mood == "panic" and HELD in X.to_numpy()[:, 0]:
            raise Panic
        if mood in ("slow", "panic"):  # so that it pays to predict requests together
            time.sleep(0.001)
        if mood == "thread":
            THREAD.submit(len, X).result()
        if mood == "raise":
            raise ValueError(f"the value {X.to_numpy()[0, 0]!r}")
        scale = 1.0
        # So that requests never are, however slow the machine on which it is measured.
        if mood.startswith(("hold", "compute")) and len(X) > 1:
            scale += SHARE_OF_OTHERS
        return X.to_numpy()[:, 0] * scale + SHIFTS.get(mood, 0.0)


def compute() -> None:
    """Multiply matrices, as a large model does: most of it outside the interpreter."""
    matrix = np.ones((300, 300))
    end = time.perf_counter() + COMPUTE_SECONDS
    while time.perf_counter() < end:
        matrix @ matrix


def read_mood() -> str:
    """Return what the file asks for, if there is one."""
    path = Path(os.environ.get("MOOD_FILE", "/nonexistent"))
    return path.read_text() if path.exists() else ""
