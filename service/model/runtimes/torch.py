"""PyTorch networks: a module, its weights in a file that holds no code.

The file is safetensors: names and numbers. All else of the module, its class and its
settings, lies in the pickle of the pipeline, and its class travels as any estimator's
does: by code=, or by value from a notebook. A file of PyTorch's own is never loaded:
`torch.load` runs what is in a pickle, and where `torch.export.load` cannot read one in
the restricted way, it reads it in the unrestricted one.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError
from service.model.runtimes.device import CPU
from service.model.runtimes.network import Network, TensorForm, explain_fault

Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


class TorchNetwork(Network):
    """A module in evaluation mode, without gradients."""

    runtime = "torch"
    library = "torch"
    extra = "torch"
    takes_devices = True

    def __init__(self, run: Run, options: Mapping[str, Any]) -> None:
        self.inputs: tuple[TensorForm, ...] = options["inputs"]
        self.outputs: tuple[TensorForm, ...] = options["outputs"]
        self._run = run

    @classmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "TorchNetwork":
        """Put the weights of a file into a copy of the module in the options."""
        try:
            from service.model.runtimes import torch_modules  # noqa: PLC0415
        except ImportError:
            raise NetworkLoadError(cls.explain_missing()) from None
        module = torch_modules.fill_module(options["module"], content, place)
        is_named = options["is_named"]
        run = partial(torch_modules.run_module, module, is_named=is_named, place=place)
        return cls(run, options)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            found = self._run({form.name: inputs[form.name] for form in self.inputs})
        except Exception as error:  # noqa: BLE001 - a module may raise anything
            raise explain_fault(error) from None
        return found
