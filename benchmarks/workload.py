"""What is asked of every server, and the answers it has to give."""

import json
import random
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

Instance = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """Instances within what training saw, and the first class's probabilities."""

    artefact: Path
    instances: list[Instance]
    expected: list[float]


def load_pipeline(artefact: Path) -> Any:
    """Return the pipeline as a notebook would: with no service about it."""
    sys.path.insert(0, str(artefact / "code"))
    return joblib.load(artefact / "pipeline.joblib")


@cache
def build_workload(artefact: Path, size: int = 1000) -> Workload:
    """Draw instances from the ranges and categories that the manifest remembers."""
    manifest = json.loads((artefact / "manifest.json").read_bytes())
    features = manifest["contract"]["features"]
    draw = random.Random(0)
    instances = [
        {feature["name"]: _draw(draw, feature) for feature in features}
        for _ in range(size)
    ]
    answers = load_pipeline(artefact).predict_proba(pd.DataFrame(instances))
    return Workload(artefact, instances, answers[:, 0].tolist())


def _draw(draw: random.Random, feature: dict[str, Any]) -> Any:
    observed = feature["observed"]
    if feature["type"] == "string":
        return draw.choice(observed["categories"])
    if feature["type"] == "integer":
        return draw.randint(int(observed["minimum"]), int(observed["maximum"]))
    # A fraction, so that no client or server may take the column for integers.
    return round(draw.uniform(observed["minimum"], observed["maximum"])) + 0.25
