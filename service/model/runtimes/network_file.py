"""A network's file: its bytes until it is loaded, and then what runs it.

Where an artefact is written or read, the pickle of a pipeline holds no bytes of its
networks: these lie beside it, each in a file of its own, and are found by digest.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from service.model.errors import NetworkLoadError
from service.model.runtimes.device import CPU, Device, find_device, find_place
from service.model.runtimes.network import Network, TensorForm
from service.model.runtimes.registry import (
    choose_runtime,
    find_runtime,
    refuse_object,
)
from service.model.runtimes.trial import find_trial

Forms = tuple[TensorForm, ...]


class NetworkFile:
    """A network, loaded once and never changed; copies of it are itself.

    `runtime` is its name in a manifest, `name` that of the file, and `digest` the
    SHA-256 of its bytes. The forms are known before it is loaded.
    """

    def __init__(
        self,
        runtime: str,
        name: str,
        content: bytes,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Load a network. Raises NetworkLoadError."""
        self.runtime, self.name = runtime, name
        self.options = dict(options or {})
        self.digest = hashlib.sha256(content).hexdigest()
        self._content: bytes | None = content
        self._network: Network | None = None
        self._device: Device | None = None
        self.inputs: Forms = self.network.inputs
        self.outputs: Forms = self.network.outputs

    @classmethod
    def open(
        cls, path: str | Path, options: Mapping[str, Any] | None = None
    ) -> "NetworkFile":
        """Read and load a network. Raises NetworkLoadError."""
        refuse_object(path)
        path = Path(path)
        runtime = choose_runtime(path)
        try:
            content = runtime.read(path)
        except OSError as error:
            raise NetworkLoadError(
                f"{path.name} cannot be read: {error.strerror}."
            ) from None
        try:
            return cls(runtime.runtime, path.name, content, options)
        except NetworkLoadError as error:
            raise NetworkLoadError(f"{path.name}: {error}") from None

    @property
    def network(self) -> Network:
        """What runs it. Raises NetworkLoadError where it has to be loaded first."""
        if self._network is None:
            self._network = self._load()
        return self._network

    @property
    def content(self) -> bytes:
        """The bytes of the file, which are not kept once a service has loaded it."""
        if self._content is None:
            raise NetworkLoadError(
                f"{self.name} was loaded from an artefact, and its bytes were not kept:"
                " open its file."
            )
        return self._content

    @property
    def kind(self) -> type[Network]:
        """Its runtime. Raises NetworkLoadError where there is none of that name."""
        return find_runtime(self.runtime)

    @property
    def is_single(self) -> bool:
        """Return True if it answers in float32, or in fewer bits."""
        return any(form.dtype in ("float32", "float16") for form in self.outputs)

    def fits(self, place: str) -> bool:
        """Return True if it may run there by another process, which takes numbers."""
        forms = (*self.inputs, *self.outputs)
        is_numeric = all(form.dtype != "str" for form in forms)
        return is_numeric and (place == CPU or self.kind.takes_devices)

    def provide(self, content: bytes) -> None:
        """Load it from verified bytes, or keep these for each worker to load it.

        Neither where a device has loaded it, and is asked whatever the rows.
        """
        device = find_device()
        self._device = device if device and device.has(self.digest) else None
        if self._device is not None and self._device.least_rows <= 1:
            return
        self._content = content
        if self.kind.loads_in_worker:
            self.kind.prepare()
        elif self.network:
            self._content = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all outputs by name. Raises ValueError, or NetworkMemoryError."""
        if self._device is not None:
            rows = len(next(iter(inputs.values())))
            if rows >= self._device.least_rows:
                return self._device.run(self.digest, inputs)
        trial = find_trial() if self.kind.loads_in_worker else None
        if trial is not None and self._network is None:
            return trial.run(self._load, inputs)
        return self.network.run(inputs)

    def _load(self) -> Network:
        place = find_place() if self.kind.takes_devices else CPU
        return self.kind.load(self.content, self.options, place)

    def __repr__(self) -> str:
        return f"<{self.runtime} network {self.name}>"

    def __copy__(self) -> "NetworkFile":
        return self

    def __deepcopy__(self, memo: Any) -> "NetworkFile":
        return self

    def __reduce__(self) -> Any:
        beside = _left_out.get()
        if beside is None:
            content = {"_content": self.content}
        else:
            beside[self.digest] = self
            content = {}
        kept = ("runtime", "name", "options", "digest", "inputs", "outputs")
        return _restore, ({name: getattr(self, name) for name in kept} | content,)


class _Source(NamedTuple):
    """The bytes of networks by digest, and the networks that were made of them."""

    contents: Mapping[str, bytes]
    networks: list[NetworkFile]


_left_out: ContextVar[dict[str, NetworkFile] | None] = ContextVar(
    "networks left out of a pickle", default=None
)
_source: ContextVar[_Source | None] = ContextVar(
    "where a pickle's networks are", default=None
)


@contextmanager
def leaving_networks_out() -> Iterator[dict[str, NetworkFile]]:
    """Pickle networks without their bytes, and yield these networks, by digest."""
    found: dict[str, NetworkFile] = {}
    token = _left_out.set(found)
    try:
        yield found
    finally:
        _left_out.reset(token)


@contextmanager
def providing_networks(contents: Mapping[str, bytes]) -> Iterator[list[NetworkFile]]:
    """Unpickle networks with their verified bytes, by digest, and yield the networks.

    Each is loaded at once, and its bytes are not kept, unless it has to be loaded in
    each worker: then it is when it is first run.
    """
    source = _Source(contents, [])
    token = _source.set(source)
    try:
        yield source.networks
    finally:
        _source.reset(token)


def _restore(state: dict[str, Any]) -> NetworkFile:
    """Return a network that was pickled. Raises NetworkLoadError."""
    network = NetworkFile.__new__(NetworkFile)
    vars(network).update({"_content": None, **state}, _network=None, _device=None)
    source = _source.get()
    if source is None:
        if "_content" not in state:
            raise NetworkLoadError(f"{network.name} lies beside the pickle it is in.")
        return network
    if network.digest not in source.contents:
        raise NetworkLoadError(f"{network.name} is in none of the artefact's files.")
    network.provide(source.contents[network.digest])
    source.networks.append(network)
    return network
