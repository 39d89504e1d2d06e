"""A model of Keras, a SavedModel or a .tflite file as a network that is packaged."""

import tempfile
from pathlib import Path
from typing import Any

from service.model.errors import PackagingError, describe_error
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.saved_model import SIGNATURE, SavedModelNetwork


def from_saved_model(folder: str | Path, signature: str = SIGNATURE) -> NetworkFile:
    """Return a signature of a SavedModel as a network. Raises NetworkLoadError."""
    return NetworkFile.open(folder, {"signature": signature})


def from_tflite(path: str | Path, signature: str) -> NetworkFile:
    """Return a signature of a .tflite file as a network. Raises NetworkLoadError."""
    return NetworkFile.open(path, {"signature": signature})


def from_keras(model: Any) -> NetworkFile:
    """Return a model of Keras as a network: as it predicts, exported to a SavedModel.

    Raises PackagingError, or NetworkLoadError.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.export(folder, verbose=False)
        except Exception as error:
            raise PackagingError(
                f"The model {type(model).__name__} cannot be exported:"
                f" {describe_error(error)}."
            ) from error
        content = SavedModelNetwork.read(Path(folder))
    return NetworkFile(SavedModelNetwork.runtime, f"{model.name}.zip", content)
