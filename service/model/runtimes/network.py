"""The interface of a network: a model of a framework, loaded from its file's bytes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


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

    `runtime` is its name in a manifest, `library` the distribution that runs it, and
    `extra` the extra of this package that installs that. A network that
    `loads_in_worker` hangs in a forked process unless it was loaded there.
    """

    runtime: ClassVar[str]
    library: ClassVar[str]
    extra: ClassVar[str]
    loads_in_worker: ClassVar[bool] = False

    inputs: tuple[TensorForm, ...]
    outputs: tuple[TensorForm, ...]

    @classmethod
    @abstractmethod
    def load(cls, content: bytes, options: Mapping[str, Any]) -> "Network":
        """Load a network from its verified file. Raises NetworkLoadError."""

    @abstractmethod
    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all outputs, a row for each row of the inputs."""
