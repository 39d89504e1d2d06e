"""The runtimes, by the name that a manifest has and by the suffix of a file."""

from pathlib import Path
from typing import Any

from service.model.errors import NetworkLoadError
from service.model.runtimes.litert import LitertNetwork
from service.model.runtimes.network import Network
from service.model.runtimes.onnx import OnnxNetwork
from service.model.runtimes.saved_model import GRAPH, SavedModelNetwork
from service.model.runtimes.torch import TorchNetwork

RUNTIMES: dict[str, type[Network]] = {
    each.runtime: each
    for each in (OnnxNetwork, TorchNetwork, SavedModelNetwork, LitertNetwork)
}

# What is told of files that are never loaded, since whatever code is in them would run,
# and of weights that are no network by themselves.
PICKLED = (
    "may hold code that would run when it is loaded: load it yourself if you trust it,"
    " and pass the module, as from_torch(module, sample)."
)
REFUSED = {
    **dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt", ".bin", ".pkl"), PICKLED),
    ".safetensors": "holds weights alone: load them into their module, and pass that,"
    " as from_torch(module, sample).",
    **dict.fromkeys(
        (".keras", ".h5"),
        "is no SavedModel: load it, and pass the model, as from_keras(model).",
    ),
}

# How an object of a framework is made a network, by the module of its class.
OBJECTS = {
    "torch.nn.modules.module": "from_torch(module, sample)",
    "keras.src.models.model": "from_keras(model)",
}


def find_runtime(name: str) -> type[Network]:
    """Return the runtime of a manifest. Raises NetworkLoadError."""
    if name not in RUNTIMES:
        raise NetworkLoadError(
            f"There is no runtime {name!r} here: serve it with a newer release."
        )
    return RUNTIMES[name]


def choose_runtime(path: Path) -> type[Network]:
    """Return the runtime of a network's file. Raises NetworkLoadError."""
    if (path / GRAPH).is_file():
        return SavedModelNetwork
    for runtime in RUNTIMES.values():
        if path.suffix.lower() in runtime.suffixes:
            return runtime
    if (suffix := path.suffix.lower()) in REFUSED:
        raise NetworkLoadError(f"{path.name!r} {REFUSED[suffix]}")
    known = [suffix for runtime in RUNTIMES.values() for suffix in runtime.suffixes]
    raise NetworkLoadError(
        f"{path.name!r} is no network's file: these end in {', '.join(known)}, or it"
        " is the folder of a SavedModel."
    )


def refuse_object(network: Any) -> None:
    """Raise NetworkLoadError for an object of a framework, which is no file."""
    for base in type(network).__mro__:
        if base.__module__ in OBJECTS:
            raise NetworkLoadError(
                f"A {type(network).__name__} is no file: pass"
                f" {OBJECTS[base.__module__]}, of service.model."
            )
