"""What a model is. It knows no HTTP: neither flask nor gunicorn is imported here.

A training script needs one call, `package`, and for a network its estimator. In the
order in which one reads them, each importing only what stands above it:

errors.py        what can go wrong, in sentences that a person can act on
tolerances.py    how far two answers may lie apart, and why
outputs.py       what a pipeline returns, and the one way to compare it
contract/        what an instance must be, bytes to columns; the form of a prediction
runtimes/        networks of other frameworks, as estimators of scikit-learn's kind
tasks/           kinds of model: how each is asked, and what it answers
pipeline.py      the fitted pipeline, asked as the notebook asks it
artefact/        the folder on disk: written whole, verified byte by byte
drift/           histograms of training, counts of what came in, their difference
plan/            the exact compiled form of a scikit-learn pipeline
explanation/     what each feature contributed to a prediction, where that is exact
prediction/      the predictor: instances in, predictions out
device/          networks that one process runs for all workers, as it owns a GPU
unpickling.py    what a verified artefact holds: its pipeline, and all beside it
loading.py       from a verified artefact to a predictor
lines_file.py    a file in JSON Lines, read in pieces
rows_file.py     a file of instances, read in pieces
drift_file.py    the drift of a file of instances
packaging/       training time only: from a fitted pipeline to an artefact
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.model.packaging.edits import FeatureEdit
    from service.model.packaging.package import package
    from service.model.runtimes.classifier import NetworkClassifier
    from service.model.runtimes.from_keras import (
        from_keras,
        from_saved_model,
        from_tflite,
    )
    from service.model.runtimes.from_torch import from_torch
    from service.model.runtimes.regressor import NetworkRegressor
    from service.model.runtimes.transformer import NetworkTransformer

__all__ = [
    "FeatureEdit",
    "NetworkClassifier",
    "NetworkRegressor",
    "NetworkTransformer",
    "from_keras",
    "from_saved_model",
    "from_tflite",
    "from_torch",
    "package",
]

# Imported where they are asked for: what serves a model has no use for what makes one.
PLACES = {
    "FeatureEdit": "service.model.packaging.edits",
    "NetworkClassifier": "service.model.runtimes.classifier",
    "NetworkRegressor": "service.model.runtimes.regressor",
    "NetworkTransformer": "service.model.runtimes.transformer",
    "from_keras": "service.model.runtimes.from_keras",
    "from_saved_model": "service.model.runtimes.from_keras",
    "from_tflite": "service.model.runtimes.from_keras",
    "from_torch": "service.model.runtimes.from_torch",
    "package": "service.model.packaging.package",
}


def __getattr__(name: str) -> Any:
    """Return what a training script asks for."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)
