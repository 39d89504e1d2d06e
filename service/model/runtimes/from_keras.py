"""A model of Keras, a SavedModel or a .tflite file as a network that is packaged."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.model.errors import PackagingError, describe_error
from service.model.runtimes.export_check import check_export
from service.model.runtimes.litert import LitertNetwork
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.onnx import OnnxNetwork
from service.model.runtimes.saved_model import SIGNATURE, SavedModelNetwork
from service.model.runtimes.tables import InputReader

EXPORTS = (None, "onnx", "tflite")


def from_saved_model(folder: str | Path, signature: str = SIGNATURE) -> NetworkFile:
    """Return a signature of a SavedModel as a network. Raises NetworkLoadError."""
    return NetworkFile.open(folder, {"signature": signature})


def from_tflite(path: str | Path, signature: str) -> NetworkFile:
    """Return a signature of a .tflite file as a network. Raises NetworkLoadError."""
    return NetworkFile.open(path, {"signature": signature})


def from_keras(
    model: Any, sample: Any = None, *, export: str | None = None
) -> NetworkFile:
    """Return a model of Keras as a network: as it predicts, exported to a SavedModel.

    `export` gives an "onnx" or a "tflite" file instead, so that there is no TensorFlow
    where it is served. `sample` is then what the model is called with, the batch first:
    an array, a list of arrays, or a mapping of them by the names of inputs, which has
    to be answered as by the model, to within 1e-5 of a number and 1e-6. Raises
    PackagingError, or NetworkLoadError.
    """
    if export not in EXPORTS:
        raise PackagingError('export= must be "onnx" or "tflite", or nothing.')
    if export is not None and sample is None:
        raise PackagingError("To export a model, pass a sample of what it is given.")
    name = model.name
    network = NetworkFile(SavedModelNetwork.runtime, f"{name}.zip", _save(model))
    if export is None:
        return network
    arrays = _read_sample(model, network, sample)
    return check_export(network, _export(model, network, sample, export), arrays)


def _save(model: Any) -> bytes:
    """Return the archive of a model's SavedModel. Raises PackagingError."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.export(folder, verbose=False)
        except Exception as error:
            raise PackagingError(
                f"The model {type(model).__name__} cannot be exported:"
                f" {describe_error(error)}."
            ) from error
        return SavedModelNetwork.read(Path(folder))


def _export(model: Any, network: NetworkFile, sample: Any, export: str) -> NetworkFile:
    """Return a model as a file of another format. Raises PackagingError."""
    from service.model.runtimes.keras_export import (  # noqa: PLC0415 - of TensorFlow
        export_onnx,
        export_tflite,
    )

    if export == "tflite":
        content, runtime = export_tflite(model), LitertNetwork.runtime
    else:
        outputs = [form.name for form in network.outputs]
        content, runtime = export_onnx(model, sample, outputs), OnnxNetwork.runtime
    return NetworkFile(runtime, f"{model.name}.{export}", content)


def _read_sample(
    model: Any, network: NetworkFile, sample: Any
) -> dict[str, np.ndarray]:
    """Return a sample by the names of inputs. Raises PackagingError."""
    if not isinstance(sample, Mapping):
        given = sample if isinstance(sample, list | tuple) else [sample]
        names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
        names = names or [form.name for form in network.inputs]
        if len(given) != len(names):
            raise PackagingError(
                f"The sample has {len(given)} arrays, and the model takes {len(names)}."
            )
        sample = dict(zip(names, given, strict=True))
    try:
        return InputReader(network.inputs, allow_nan=True).read(sample)
    except ValueError as error:
        raise PackagingError(f"The sample does not fit the model: {error}") from None
