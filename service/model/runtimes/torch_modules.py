"""Modules of PyTorch: taken apart into weights and what is left, and put together."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
import torch

from service.model.errors import NetworkLoadError, PackagingError, describe_error
from service.model.runtimes.device import CPU
from service.model.runtimes.network import TensorForm

# A module is tried with one row, and with so many, which may be one over and over.
TRIED_ROWS = 8

# What a module may calculate in: numpy has no bfloat16.
FLOATS = (torch.float32, torch.float64)


class SavedModule(NamedTuple):
    """The file of a module's weights, and the options to load it with."""

    content: bytes
    options: dict[str, Any]


def save_module(module: Any, sample: Any) -> SavedModule:
    """Take a module apart; it is left as it is.

    `sample` is what the module is called with, the batch first: an array, a tuple of
    arrays, or a mapping of them by the names of arguments. Floating-point numbers are
    cast to the type of the module's own. Raises PackagingError.
    """
    module = _copy_module(module)
    is_named = isinstance(sample, Mapping)
    arrays = read_sample(module, sample)
    try:
        outputs = _try_module(module, arrays, is_named=is_named)
        content = _take_weights(module)
    except PackagingError:
        raise
    except Exception as error:
        raise PackagingError(
            f"The module {type(module).__name__} is not served as it is:"
            f" {describe_error(error)}."
        ) from error
    inputs = tuple(_describe(name, array) for name, array in arrays.items())
    return SavedModule(
        content,
        {"module": module, "inputs": inputs, "outputs": outputs, "is_named": is_named},
    )


def read_sample(module: torch.nn.Module, sample: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a sample by the names of a module's arguments.

    Raises PackagingError.
    """
    if not isinstance(sample, Mapping):
        parts = sample if isinstance(sample, tuple) else (sample,)
        sample = dict(zip(_name_arguments(module, len(parts)), parts, strict=True))
    dtypes = [p.dtype for p in module.parameters() if p.is_floating_point()]
    dtype = dtypes[0] if dtypes else torch.get_default_dtype()
    if dtype not in FLOATS:
        raise PackagingError(
            f"The module {type(module).__name__} is in {dtype}, which is not served:"
            " convert it by .float()."
        )
    arrays = {name: _read_array(name, part, dtype) for name, part in sample.items()}
    if len({len(array) for array in arrays.values()}) != 1:
        raise PackagingError("The arrays of sample= must have as many rows each.")
    return arrays


def fill_module(
    module: torch.nn.Module, content: bytes, place: str = CPU
) -> torch.nn.Module:
    """Return a copy of a module with the weights of a file. Raises NetworkLoadError."""
    try:
        filled = copy.deepcopy(module)
        filled.load_state_dict(safetensors.torch.load(content), assign=True)
    except Exception as error:  # a class may do anything while it is filled
        raise NetworkLoadError(
            f"The weights of {type(module).__name__} cannot be read:"
            f" {describe_error(error)}."
        ) from error
    return filled if place == CPU else _move_module(filled, place)


def _move_module(module: torch.nn.Module, place: str) -> torch.nn.Module:
    """Return a module on a device, where it is as exact as on the processor.

    TF32 has ten bits of a float32's 23, and is PyTorch's default for convolutions.
    Raises NetworkLoadError.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    try:
        return module.to(place)
    except Exception as error:
        raise NetworkLoadError(
            f"PyTorch has no {place}: {describe_error(error)}."
        ) from error


def run_module(
    module: torch.nn.Module,
    arrays: Mapping[str, np.ndarray],
    *,
    is_named: bool,
    place: str = CPU,
) -> dict[str, np.ndarray]:
    """Return the outputs of a module by name. It may write into what it is given."""
    tensors = {
        name: torch.tensor(array, device=place) for name, array in arrays.items()
    }
    with torch.inference_mode():
        found = module(**tensors) if is_named else module(*tensors.values())
        outputs = name_outputs(found)
        return {name: output.cpu().numpy() for name, output in outputs.items()}


def name_outputs(found: Any) -> dict[str, torch.Tensor]:
    """Return the tensors that a module gave, by name. Raises PackagingError."""
    outputs = {"output": found}
    if isinstance(found, Mapping):
        outputs = dict(found)
    elif isinstance(found, tuple | list):
        names = getattr(found, "_fields", [f"output_{i}" for i in range(len(found))])
        outputs = dict(zip(names, found, strict=True))
    if not outputs or not all(map(torch.is_tensor, outputs.values())):
        raise PackagingError(
            f"The module gives a {type(found).__name__}: it must give a tensor, a tuple"
            " of tensors, or a mapping of them by name."
        )
    return outputs


def _copy_module(module: Any) -> torch.nn.Module:
    """Return a copy of a module as it is served. Raises PackagingError."""
    module = getattr(module, "_orig_mod", module)  # what torch.compile was given
    if not isinstance(module, torch.nn.Module):
        raise PackagingError(f"A {type(module).__name__} is no torch.nn.Module.")
    if isinstance(module, torch.jit.ScriptModule):
        raise PackagingError(
            "A module of TorchScript is not served: pass the one that it was made of."
        )
    try:
        copied: torch.nn.Module = copy.deepcopy(module).cpu().eval()
    except Exception as error:
        raise PackagingError(
            f"The module {type(module).__name__} cannot be copied:"
            f" {describe_error(error)}."
        ) from error
    return copied


def _take_weights(module: torch.nn.Module) -> bytes:
    """Return the file of a module's weights, and leave none in it."""
    weights = {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in module.state_dict().items()
    }
    empty = {name: tensor.to("meta") for name, tensor in weights.items()}
    module.load_state_dict(empty, assign=True)
    content: bytes = safetensors.torch.save(weights)
    return content


def _read_array(name: str, part: Any, dtype: torch.dtype) -> np.ndarray:
    array = part.detach().cpu().numpy() if torch.is_tensor(part) else np.asarray(part)
    if array.dtype.kind not in "biuf" or not array.ndim or not len(array):
        raise PackagingError(f"sample= has no rows of numbers for {name!r}.")
    tensor = torch.tensor(array)
    cast: np.ndarray = (tensor.to(dtype) if array.dtype.kind == "f" else tensor).numpy()
    return cast


def _name_arguments(module: torch.nn.Module, count: int) -> list[str]:
    """Return the names of the first arguments of a module."""
    parameters = inspect.signature(module.forward).parameters.values()
    named = [each.name for each in parameters if each.kind is not each.VAR_POSITIONAL]
    return [*named, *(f"input_{index}" for index in range(len(named), count))][:count]


def _try_module(
    module: torch.nn.Module, arrays: Mapping[str, np.ndarray], *, is_named: bool
) -> tuple[TensorForm, ...]:
    """Return the outputs of a module, once it was asked for one row and for several.

    Raises PackagingError, or whatever the module raises.
    """
    for rows in (1, TRIED_ROWS):
        given = {name: np.resize(a, (rows, *a.shape[1:])) for name, a in arrays.items()}
        outputs = run_module(module, given, is_named=is_named)
        for name, output in outputs.items():
            if output.shape[:1] != (rows,):
                raise PackagingError(
                    f"The module {type(module).__name__} gives {name!r} in the shape"
                    f" {output.shape} for {rows} rows: an output must have a row for"
                    " each of the inputs."
                )
    return tuple(_describe(name, output) for name, output in outputs.items())


def _describe(name: str, array: np.ndarray) -> TensorForm:
    return TensorForm(name, array.dtype.name, (None, *array.shape[1:]))
