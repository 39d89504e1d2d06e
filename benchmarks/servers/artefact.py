"""What every peer loads: the same pipeline, from the artefact of BENCH_ARTEFACT."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import joblib

from benchmarks.methods import ask_pipeline, choose_method

FOLDER = Path(os.environ["BENCH_ARTEFACT"])
TYPES = {"integer": int, "number": float, "string": str, "boolean": bool}


def load_pipeline() -> Any:
    """Return the fitted pipeline, with the modules that travel along importable."""
    sys.path.insert(0, str(FOLDER / "code"))
    return joblib.load(FOLDER / "pipeline.joblib")


def read_manifest() -> dict[str, Any]:
    """Return what the artefact says of itself."""
    manifest: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_bytes())
    return manifest


def read_features() -> dict[str, type]:
    """Return the Python type of each feature, by name."""
    features = read_manifest()["contract"]["features"]
    return {feature["name"]: TYPES[feature["type"]] for feature in features}


class Pipeline:
    """The pipeline and its method that is measured."""

    def __init__(self) -> None:
        self.method = choose_method(read_manifest())
        self._fitted = load_pipeline()

    def answer(self, frame: Any) -> Any:
        """Return the numbers of a table, of shape (instances, numbers)."""
        return ask_pipeline(self._fitted, self.method, frame)
