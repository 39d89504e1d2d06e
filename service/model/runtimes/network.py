"""The interface of a network: a model of a framework, loaded from its file's bytes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from service.model.errors import NetworkMemoryError
from service.model.runtimes.device import CPU
from service.regular_file import read_regular

# How libraries say that there was no memory, in exceptions that have no type for it.
SHORTAGES = ("allocate memory", "out of memory", "bad allocation", "bad_alloc")


@dataclass(frozen=True)
class TensorForm:
    """A tensor that a network takes or gives.

    `dtype` is numpy's name of its elements (`str` for texts). `shape` begins with the
    batch; None is a dimension that is free.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


class Network(ABC):
    """A loaded network. It is never changed, and one thread runs it.

    `runtime` is its name in a manifest, `library` the distribution that runs it,
    `extra` the extra of this package that installs that, and `suffixes` are those of
    its files. A network that `loads_in_worker` hangs in a forked process unless it was
    loaded there, and one that `takes_devices` runs on those of CUDA, too.
    """

    runtime: ClassVar[str]
    library: ClassVar[str]
    extra: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    loads_in_worker: ClassVar[bool] = False
    takes_devices: ClassVar[bool] = False

    inputs: tuple[TensorForm, ...]
    outputs: tuple[TensorForm, ...]

    @classmethod
    def read(cls, path: Path) -> bytes:
        """Return what an artefact keeps of a path: the file. Raises OSError."""
        return read_regular(path)

    @classmethod  # noqa: B027 - most have nothing to import
    def prepare(cls) -> Any:
        """Import what takes long and may be done before a fork."""

    @classmethod
    @abstractmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "Network":
        """Load a network from its verified file, on `cpu` or a device such as `cuda:0`.

        Raises NetworkLoadError.
        """

    @abstractmethod
    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all outputs, a row for each row of the inputs.

        Raises NetworkMemoryError, or ValueError, without a value of the inputs, for
        what it does not answer.
        """

    @classmethod
    def explain_missing(cls) -> str:
        """Return the sentence for a library that is not installed."""
        return (
            f"{cls.library} is not installed, which runs this network:"
            f" pip install 'model-service[{cls.extra}]'."
        )


def explain_fault(error: Exception) -> Exception:
    """Return what a network raises in place of its library's error."""
    message = str(error).lower()
    if any(shortage in message for shortage in SHORTAGES):
        return NetworkMemoryError()
    # Its message may hold a value.
    return ValueError(
        f"The network does not answer its inputs ({type(error).__name__})."
    )
