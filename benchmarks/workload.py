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

from benchmarks.methods import ask_pipeline, choose_method

Instance = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """Instances within what training saw, and the first number of each answer."""

    artefact: Path
    method: str
    instances: list[Instance]
    expected: list[float]


def load_pipeline(artefact: Path) -> Any:
    """Return the pipeline as a notebook would: with no service about it."""
    sys.path.insert(0, str(artefact / "code"))
    return joblib.load(artefact / "pipeline.joblib")


@cache
def build_workload(artefact: Path, size: int = 1000) -> Workload:
    """Draw instances from the ranges and categories that the manifest remembers.

    Texts have neither: they are drawn from those of the artefact's sample.
    """
    sample = json.loads((artefact / "sample.json").read_bytes())["instances"]
    manifest = json.loads((artefact / "manifest.json").read_bytes())
    features = manifest["contract"]["features"]
    draw = random.Random(0)
    instances = [
        {feature["name"]: _draw(draw, feature, sample) for feature in features}
        for _ in range(size)
    ]
    method, pipeline = choose_method(manifest), load_pipeline(artefact)
    answers = ask_pipeline(pipeline, method, pd.DataFrame(instances))
    return Workload(artefact, method, instances, answers[:, 0].tolist())


def _draw(draw: random.Random, feature: dict[str, Any], sample: list[Instance]) -> Any:
    observed = feature["observed"]
    if feature["type"] == "string" and not observed.get("categories"):
        return draw.choice(sample)[feature["name"]]
    if feature["type"] == "string":
        return draw.choice(observed["categories"])
    if feature["type"] == "integer":
        return draw.randint(int(observed["minimum"]), int(observed["maximum"]))
    # A fraction, so that no client or server may take the column for integers.
    return round(draw.uniform(observed["minimum"], observed["maximum"])) + 0.25
