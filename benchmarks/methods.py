"""Which numbers of a pipeline are compared, by what its manifest says it answers."""

from typing import Any

import numpy as np

DETECTION = "outlier-detection"


def choose_method(manifest: dict[str, Any]) -> str:
    """Return the method of the pipeline whose numbers every server answers."""
    if manifest["task"] == DETECTION:
        return "score_samples"
    form = manifest.get("prediction") or {}
    return "decision_function" if form.get("group") == "scores" else "predict_proba"


def ask_pipeline(pipeline: Any, method: str, frame: Any) -> np.ndarray:
    """Return the numbers of a table, of shape (instances, numbers)."""
    numbers: np.ndarray = np.reshape(getattr(pipeline, method)(frame), (len(frame), -1))
    return numbers
