"""What is asked of a .tflite file: one of its signatures, or all of it.

Its tensors are as ai-edge-litert describes them. A dimension that is -1 is free.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from service.model.errors import NetworkLoadError
from service.model.runtimes.network import TensorForm

# Of several, the one that is meant where none is named.
SIGNATURE = "serving_default"

DTYPES = (
    *("float16", "float32", "float64", "bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
)

Arrays = Mapping[str, np.ndarray]


class Graph(NamedTuple):
    """The details of tensors by name, and what answers."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    answer: Callable[[Arrays], Arrays]


class Step(NamedTuple):
    """What a quantised number stands for: so many steps from zero."""

    size: float
    zero: int

    def scale(self, array: np.ndarray) -> np.ndarray:
        scaled = (array.astype(np.float64) - self.zero) * self.size
        return scaled.astype(np.float32)


def find_graph(interpreter: Any, signature: str | None) -> Graph:
    """Return what a signature asks, or all of a file that has none.

    Raises NetworkLoadError where there is none of that name, or several and no name.
    """
    known = list(interpreter.get_signature_list())
    if signature is None and not known:
        return _take_all(interpreter)
    if signature is None:
        signature = known[0] if len(known) == 1 else SIGNATURE
    if signature not in known:
        raise NetworkLoadError(
            f"The file has no signature {signature!r}: it has"
            f" {', '.join(known) or 'none'}, of which from_tflite takes one by name."
        )
    runner = interpreter.get_signature_runner(signature)
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    return Graph(inputs, outputs, lambda arrays: runner(**arrays))


def _take_all(interpreter: Any) -> Graph:
    inputs = {each["name"]: each for each in interpreter.get_input_details()}
    outputs = {each["name"]: each for each in interpreter.get_output_details()}

    def answer(arrays: Arrays) -> Arrays:
        for name, array in arrays.items():
            interpreter.resize_tensor_input(inputs[name]["index"], array.shape)
        interpreter.allocate_tensors()
        for name, array in arrays.items():
            interpreter.set_tensor(inputs[name]["index"], array)
        interpreter.invoke()
        return {n: interpreter.get_tensor(each["index"]) for n, each in outputs.items()}

    return Graph(inputs, outputs, answer)


def read_forms(
    tensors: Mapping[str, Any], quantised: Collection[str] = ()
) -> tuple[TensorForm, ...]:
    """Return the forms of tensors. Raises NetworkLoadError."""
    forms = []
    for name, details in tensors.items():
        dtype = np.dtype(details["dtype"]).name
        if dtype not in DTYPES:
            raise NetworkLoadError(
                f"{name!r} is a tensor of {dtype}, and those of {', '.join(DTYPES)} are"
                " served."
            )
        sizes = details["shape_signature"].tolist()
        shape = tuple(None if size < 0 else size for size in sizes)
        forms.append(TensorForm(name, "float32" if name in quantised else dtype, shape))
    return tuple(forms)


def read_steps(tensors: Mapping[str, Any]) -> dict[str, Step]:
    """Return the steps of those tensors that are quantised."""
    steps = {}
    for name, details in tensors.items():
        quantisation = details["quantization_parameters"]
        scales, zeros = quantisation["scales"], quantisation["zero_points"]
        if np.dtype(details["dtype"]).kind in "iu" and len(scales) == 1:
            steps[name] = Step(float(scales[0]), int(zeros[0]))
    return steps


def free_rows(forms: tuple[TensorForm, ...]) -> tuple[TensorForm, ...]:
    """Return the forms of what is asked row by row, as those of any number of rows."""
    return tuple(
        TensorForm(form.name, form.dtype, (None, *form.shape[1:])) for form in forms
    )
