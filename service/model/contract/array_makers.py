"""Arrays made of the columns of a request, and of the bytes of a tensor."""

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from service.model.contract.array_columns import FEW_ROWS, CodedColumn, NumberColumn
from service.model.contract.features import Contract, Feature
from service.model.contract.tensor_columns import stack_tensors


class _Codes(dict[Any, int]):
    """The codes of kinds, in the order in which they are first met."""

    def __missing__(self, kind: Any) -> int:
        code = self[kind] = len(self)
        return code


class ArrayMaker:
    """Makes arrays of the columns of a contract, where there are many rows."""

    def __init__(self, contract: Contract) -> None:
        features = () if contract.table == "mapping" else contract.features
        self._makers = [_choose_maker(feature) for feature in features]
        self._has_tensors = contract.table == "tensors"

    def make(self, columns: Sequence[Sequence[Any]]) -> tuple[Sequence[Any], ...]:
        """Return columns of which numbers, categories and tensors are arrays."""
        if self._has_tensors:
            return tuple(map(stack_tensors, columns))
        if len(columns[0]) < FEW_ROWS or not self._makers:
            return tuple(columns)
        return tuple(
            make(values) if make and type(values) in (list, tuple) else values
            for make, values in zip(self._makers, columns, strict=True)
        )


def _choose_maker(feature: Feature) -> Callable[[Any], Sequence[Any]] | None:
    """Return what makes an array of a column, None for dates and for prose."""
    if feature.type in ("number", "integer"):
        return make_numbers
    is_coded = feature.type == "boolean" or feature.observed.categories is not None
    return make_codes if is_coded and not feature.is_date else None


def make_numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Return numbers as an array, or as they are where a double is too small."""
    form = f"{len(values)}d"
    try:  # in half the time of numpy
        packed = struct.pack(form, *values)
    except struct.error:  # there is a null, or else an integer of hundreds of digits
        filled = [math.nan if value is None else value for value in values]
        try:
            packed = struct.pack(form, *filled)
        except struct.error:
            return values
    return NumberColumn(np.frombuffer(packed), values)


def read_numbers(data: memoryview, form: str) -> NumberColumn | CodedColumn:
    """Return the numbers, or the booleans, that a buffer has in one form of struct."""
    found = np.frombuffer(data, np.dtype(form))
    if found.dtype.kind == "b":
        return make_codes((found.view(np.uint8) != 0).tolist())
    doubles = found.astype(np.float64)
    return NumberColumn(doubles, integers=None if found.dtype.kind == "f" else found)


def make_codes(values: Sequence[Any]) -> CodedColumn:
    """Return categories, text or booleans, as codes."""
    found = _Codes()
    codes = np.fromiter(map(found.__getitem__, values), np.intp, len(values))
    return CodedColumn(codes, [*found], values)
