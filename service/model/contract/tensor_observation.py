"""The arrays that a model was fitted on, as the features of a contract."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from service.model.contract.features import (
    ELEMENT_TYPES,
    MAX_DIMENSIONS,
    Contract,
    Feature,
    Observed,
    Storage,
    is_text,
)
from service.model.errors import ContractError


def read_arrays(X: Mapping[Any, Any]) -> dict[str, np.ndarray]:
    """Return the arrays of a training table, native and in C order.

    Each has the instances first. Raises ContractError, naming the array.
    """
    arrays = {name: _read_array(name, value) for name, value in X.items()}
    if not arrays:
        raise ContractError("The training table has no arrays.")
    counts = {name: len(array) for name, array in arrays.items()}
    if len({*counts.values()}) > 1:
        told = ", ".join(f"{count} of {name!r}" for name, count in counts.items())
        raise ContractError(f"The arrays differ in the number of instances: {told}.")
    return arrays


def _read_array(name: Any, value: Any) -> np.ndarray:
    if not is_text(name) or not name:
        raise ContractError(f"The array {name!r} must be named by a string.")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise ContractError(f"The array {name!r} is no array.") from error
    if isinstance(value, np.ma.MaskedArray):
        raise ContractError(f"The array {name!r} is masked, and a tensor has no nulls.")
    if array.dtype.name not in ELEMENT_TYPES:
        raise ContractError(
            f"The array {name!r} holds {array.dtype}: a model takes tensors of"
            f" {', '.join(ELEMENT_TYPES)}, or else one table of columns."
        )
    if not array.ndim or array.ndim > MAX_DIMENSIONS or 0 in array.shape[1:]:
        raise ContractError(
            f"The array {name!r} has the shape {array.shape}: it must begin with the"
            f" instances, and have up to {MAX_DIMENSIONS} dimensions, none of them 0."
        )
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def observe_tensors(X: Mapping[str, np.ndarray]) -> Contract:
    """Return the contract of arrays as `read_arrays` returns them."""
    features = tuple(_observe_array(name, array) for name, array in X.items())
    return Contract(features=features, table="tensors")


def _observe_array(name: str, array: np.ndarray) -> Feature:
    """Return a feature whose dimensions are all fixed."""
    return Feature(
        name=name,
        type="tensor",
        storage=Storage(dtype=array.dtype.name),
        observed=_observe_elements(array),
        shape=array.shape[1:],
    )


def _observe_elements(array: np.ndarray) -> Observed:
    is_float = array.dtype.kind == "f" and array.size > 0
    if is_float and not np.isfinite([array.min(), array.max()]).all():
        array = array[np.isfinite(array)]
    if array.dtype.kind == "b" or not array.size:
        return Observed()
    return Observed(minimum=array.min().item(), maximum=array.max().item())
