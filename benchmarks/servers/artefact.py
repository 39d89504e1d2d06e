"""What every peer loads: the same pipeline, from the artefact of BENCH_ARTEFACT."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import joblib

FOLDER = Path(os.environ["BENCH_ARTEFACT"])
TYPES = {"integer": int, "number": float, "string": str, "boolean": bool}


def load_pipeline() -> Any:
    """Return the fitted pipeline, with the modules that travel along importable."""
    sys.path.insert(0, str(FOLDER / "code"))
    return joblib.load(FOLDER / "pipeline.joblib")


def read_features() -> dict[str, type]:
    """Return the Python type of each feature, by name."""
    manifest = json.loads((FOLDER / "manifest.json").read_bytes())
    return {f["name"]: TYPES[f["type"]] for f in manifest["contract"]["features"]}
