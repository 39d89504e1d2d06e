"""A module of PyTorch as a network that is packaged, as itself or exported to ONNX."""

from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError, PackagingError
from service.model.runtimes.export_check import check_export
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.torch import TorchNetwork

EXPORTS = (None, "onnx")


def from_torch(module: Any, sample: Any, *, export: str | None = None) -> NetworkFile:
    """Return a module as a network: in evaluation mode, on the CPU.

    `sample` is what the module is called with, the batch first: an array, a tuple of
    arrays, or a mapping of them by the names of arguments. `export="onnx"` gives what
    PyTorch exports to ONNX instead, if that answers the sample as the module does, to
    within 1e-5 of a number and 1e-6: where it is served there is no PyTorch. Raises
    PackagingError, or NetworkLoadError.
    """
    if export not in EXPORTS:
        raise PackagingError('export= must be "onnx", or nothing.')
    try:
        from service.model.runtimes.torch_modules import (  # noqa: PLC0415
            read_sample,
            save_module,
        )
    except ImportError:
        raise NetworkLoadError(TorchNetwork.explain_missing()) from None
    content, options = save_module(module, sample)
    name = type(options["module"]).__name__
    network = NetworkFile("torch", f"{name}.safetensors", content, options)
    if export is None:
        return network
    return _export(network, read_sample(options["module"], sample))


def _export(network: NetworkFile, arrays: dict[str, np.ndarray]) -> NetworkFile:
    """Return a network as ONNX. Raises PackagingError if it answers otherwise."""
    from service.model.runtimes.torch_export import export_module  # noqa: PLC0415

    content = export_module(network.content, network.options)
    exported = NetworkFile(
        "onnx", network.name.replace(".safetensors", ".onnx"), content
    )
    return check_export(network, exported, arrays)
