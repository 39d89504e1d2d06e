"""The contract of a model that takes tensors: what was observed, and its owner's edits.

Nothing is asked of each element. A dimension is fixed where its owner does not free it,
and that only if the pipeline answers another size of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec.structs import replace

from service.model.contract.edges import find_element_range
from service.model.contract.features import Contract, Feature, UnknownFields
from service.model.contract.nested_lists import write_shape
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import ContractError
from service.model.packaging.edits import FeatureEdit
from service.model.packaging.probe import Probe

EDITED = ("minimum", "maximum", "shape", "unit", "description")


def propose_tensors(
    probe: Probe, edits: Mapping[str, FeatureEdit], unknown_fields: UnknownFields
) -> Contract:
    """Return the contract as its owner wants it. Raises ContractError."""
    observed = probe.contract
    features = tuple(edit_tensor(f, edits.get(f.name, {})) for f in observed.features)
    contract = replace(observed, features=features, unknown_fields=unknown_fields)
    columns = [
        TensorColumn(_double(values.array, feature.shape or ()))
        for feature, values in zip(features, probe.tensors, strict=True)
    ]
    if any(None in (f.shape or ()) for f in features) and not probe.answers(columns):
        raise ContractError(
            "The pipeline does not answer tensors of twice the size in each dimension"
            " that an edit frees: leave it fixed."
        )
    return contract


def _double(array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return tensors of twice the size in each free dimension."""
    for axis, size in enumerate(shape, 1):
        if size is None:
            array = np.concatenate([array, array], axis=axis)
    return array


def edit_tensor(before: Feature, edit: FeatureEdit) -> Feature:
    """Return a tensor as its owner wants it. Raises ContractError."""
    for key in edit:
        if key not in EDITED:
            raise ContractError(
                f"The edit of {before.name!r} has {key!r}, and it is a tensor, of which"
                f" {', '.join(EDITED)} are edited."
            )
    changes: dict[str, Any] = {**edit}
    if "shape" in changes:
        changes["shape"] = _read_shape(before, changes["shape"])
    least, most = find_element_range(before)
    try:
        after = replace(before, **changes)
        low, high = find_element_range(after)
        is_ordered = least <= low <= high <= most
    except (ValueError, TypeError) as error:
        raise ContractError(f"An edit does not fit its tensor: {error}.") from None
    if not is_ordered:
        raise ContractError(
            f"The edit of {before.name!r} has bounds that are in the wrong order, or"
            f" that {before.storage.dtype} does not hold."
        )
    return after


def _read_shape(before: Feature, wanted: Any) -> tuple[int | None, ...]:
    shape, sizes = before.shape or (), tuple(wanted or ())
    if len(sizes) != len(shape) or any(
        size not in (None, fixed) for size, fixed in zip(sizes, shape, strict=True)
    ):
        raise ContractError(
            f"The edit of {before.name!r} must have the shape {write_shape(shape)}, in"
            " which None frees a dimension."
        )
    return sizes
