"""The runtimes, by the name that a manifest has and by the suffix of a file."""

from pathlib import Path

from service.model.errors import NetworkLoadError
from service.model.runtimes.network import Network
from service.model.runtimes.onnx import OnnxNetwork

RUNTIMES: dict[str, type[Network]] = {each.runtime: each for each in (OnnxNetwork,)}


def find_runtime(name: str) -> type[Network]:
    """Return the runtime of a manifest. Raises NetworkLoadError."""
    if name not in RUNTIMES:
        raise NetworkLoadError(
            f"There is no runtime {name!r} here: serve it with a newer release."
        )
    return RUNTIMES[name]


def choose_runtime(path: Path) -> type[Network]:
    """Return the runtime of a network's file. Raises NetworkLoadError."""
    for runtime in RUNTIMES.values():
        if path.suffix.lower() in runtime.suffixes:
            return runtime
    known = [suffix for runtime in RUNTIMES.values() for suffix in runtime.suffixes]
    raise NetworkLoadError(
        f"{path.name!r} is no network's file: these end in {', '.join(known)}."
    )
