"""Columns of tensors in an Arrow stream: lists of fixed sizes, nested or shaped."""

import math
from typing import Any

from service.model.contract.features import Feature
from service.model.contract.nested_lists import nest, write_shape
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import TooManyInstancesError

try:
    import pyarrow as pa
except ModuleNotFoundError:  # the extra `arrow`
    pa = None


def find_tensor_fault(feature: Feature, type_: Any) -> str | None:
    """Return what is wrong with the type of a column, or None."""
    elements, sizes = _read_type(type_)
    shape = feature.shape or ()
    wanted = pa.from_numpy_dtype(feature.storage.dtype)
    fits = len(sizes) == len(shape) and all(
        size > 0 and size == (fixed or size)
        for size, fixed in zip(sizes, shape, strict=True)
    )
    if elements == wanted and fits:
        return None
    return (
        f"must be lists of fixed sizes, {write_shape(shape)}, or a fixed_shape_tensor,"
        f" of {wanted}"
    )


def _read_type(type_: Any) -> tuple[Any, list[int]]:
    """Return the type of the elements, and the sizes of the lists around them."""
    if isinstance(type_, pa.FixedShapeTensorType):
        order = type_.permutation
        is_plain = order is None or [*order] == sorted(order)
        return (type_.value_type, [*type_.shape]) if is_plain else (None, [])
    sizes = []
    while pa.types.is_fixed_size_list(type_):
        sizes.append(type_.list_size)
        type_ = type_.value_type
    return type_, sizes


def read_tensors(array: Any, most: int) -> TensorColumn | list[Any]:
    """Return a validated array as a column of tensors, or as lists if it has a null.

    Raises TooManyInstancesError where it has more elements than `most`, of which eight
    booleans may lie in a byte.
    """
    _, sizes = _read_type(array.type)
    if len(array) * math.prod(sizes) > most:
        raise TooManyInstancesError(
            f"The tensors of the request have more elements than the {most} that one"
            " request may hold."
        )
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    level, has_null = array, array.null_count > 0
    while pa.types.is_fixed_size_list(level.type):
        level = level.flatten()  # of what is no null
        has_null = has_null or level.null_count > 0
    if has_null:
        rows = array.to_pylist()
        is_flat = pa.types.is_fixed_size_list(array.type) and len(sizes) > 1
        is_flat = is_flat and not pa.types.is_fixed_size_list(array.type.value_type)
        return [nest(row, sizes) if is_flat and row else row for row in rows]
    return TensorColumn(
        level.to_numpy(zero_copy_only=False).reshape(len(array), *sizes)
    )
