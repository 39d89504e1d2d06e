"""A network behind a preprocessing pipeline, ours and as the peers are given it."""

import importlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from networks import write_classifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.environments import OURS_WITH_ONNX
from benchmarks.ours import Ours
from benchmarks.places import ARTEFACTS, HERE
from benchmarks.server import Launch
from benchmarks.workload import Workload, build_workload
from service.model import NetworkClassifier, package

LAYERS = (128, 64)
CLASSES = ["bad", "good"]


class OursOfNetwork(Ours):
    """Ours, with the runtime of networks and the artefact that is made for it.

    The peers are given the same network in an estimator of theirs.
    """

    package = OURS_WITH_ONNX

    def environment(self, launch: Launch) -> dict[str, str]:
        """Serve our artefact of the same network."""
        return super().environment(
            replace(launch, artefact=ARTEFACTS / "mlp" / "1.0.0")
        )


def package_network(credit: Workload) -> Workload:
    """Package a network for both, and return what is asked of the peers' artefact."""
    frame = pd.DataFrame(credit.instances)
    risky = np.array(credit.expected) > np.median(credit.expected)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    preprocessing = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (encoder, make_column_selector(dtype_exclude="number")),
    )
    fitted = MLPClassifier(LAYERS, max_iter=30, random_state=0)
    labels = np.where(risky, *CLASSES)
    fitted.fit(preprocessing.fit_transform(frame), labels)
    path = write_classifier(ARTEFACTS / "mlp.onnx", fitted)
    _package(preprocessing, NetworkClassifier(path, classes=CLASSES), frame, "mlp")
    if str(HERE / "custom") not in sys.path:
        sys.path.insert(0, str(HERE / "custom"))
    module = importlib.import_module("bench_network")
    estimator = module.Network(path.read_bytes(), CLASSES)
    peers = _package(
        preprocessing, estimator, frame, "mlp-of-peers", code=["bench_network"]
    )
    return build_workload(peers)


def _package(
    preprocessing: Any, estimator: Any, frame: pd.DataFrame, name: str, **options: Any
) -> Path:
    shutil.rmtree(ARTEFACTS / name, ignore_errors=True)
    pipeline = make_pipeline(preprocessing, estimator)
    return package(pipeline, frame, name=name, version="1.0.0", to=ARTEFACTS, **options)
