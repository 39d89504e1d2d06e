"""The contract of a model that takes tensors: what was observed, and its owner's edits.

Nothing is asked of each element. A dimension is fixed where its owner does not free it,
and that only if the pipeline answers another size of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    _check_names(observed, contract)
    columns = [
        TensorColumn(_double(values.array, feature.shape or ()))
        for feature, values in zip(features, probe.tensors, strict=True)
    ]
    if any(None in (f.shape or ()) for f in features):
        _check_freed(probe, columns)
    return contract


def _check_freed(probe: Probe, columns: Sequence[TensorColumn]) -> None:
    """Raise ContractError unless tensors of twice the size are answered as others."""
    if not probe.answers(columns):
        raise ContractError(
            "The pipeline does not answer tensors of twice the size in each dimension"
            " that an edit frees: leave it fixed."
        )
    if not probe.keeps_width(columns):
        raise ContractError(
            "The pipeline gives another number of values to tensors of twice the size"
            " in each dimension that an edit frees: leave it fixed."
        )


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
        changes |= _read_shape(before, changes["shape"])
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


def _read_shape(before: Feature, wanted: Any) -> dict[str, Any]:
    """Return the shape of an edit, and the names that it gives free dimensions."""
    shape, given = before.shape or (), tuple(wanted or ())
    names = tuple(each if isinstance(each, str) else None for each in given)
    sizes = tuple(None if isinstance(each, str) else each for each in given)
    if len(sizes) != len(shape) or any(
        size not in (None, fixed) for size, fixed in zip(sizes, shape, strict=True)
    ):
        raise ContractError(
            f"The edit of {before.name!r} must have the shape {write_shape(shape)}, in"
            " which None, or a name, frees a dimension."
        )
    return {"shape": sizes, "dimensions": names if {*names} != {None} else ()}


def _check_names(observed: Contract, contract: Contract) -> None:
    """Refuse a name of one dimension, or of some that differ. Raises ContractError."""
    known: dict[str, tuple[str, int | None]] = {}
    given = Counter(n for f in contract.features for n in f.dimensions if n is not None)
    for lone, count in given.items():
        if count == 1:
            raise ContractError(
                f"The dimension {lone!r} is named once: name one that has to agree with"
                " it alike, or else free it by None."
            )
    for before, after in zip(observed.features, contract.features, strict=True):
        for name, size in zip(after.dimensions, before.shape or (), strict=False):
            if name is None:
                continue
            first, other = known.setdefault(name, (after.name, size))
            if size != other:
                raise ContractError(
                    f"The dimension {name!r} has {other} elements in {first!r}, and"
                    f" {size} in {after.name!r}: where they need not agree, give them"
                    " other names."
                )
