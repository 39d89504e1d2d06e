"""A tensor of a request, as nested lists, bytes in base64 or an array, to an array."""

import binascii
import math
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import numpy as np
from marshmallow import ValidationError

from service.model.contract.edges import describe_range, find_element_range
from service.model.contract.features import Feature
from service.model.contract.nested_lists import read_lists, refuse, write_shape
from service.model.contract.tensor_columns import TensorColumn, stack_tensors
from service.model.contract.violations import Kind, Violation

B64, SHAPE = "b64", "shape"


class TensorReader:
    """Reads the tensors of one feature."""

    def __init__(self, feature: Feature) -> None:
        assert feature.shape is not None  # noqa: S101 - for mypy
        self._shape = feature.shape
        self._dtype = np.dtype(feature.storage.dtype)
        self._low, self._high = find_element_range(feature)
        # In the element type, as an element is: 0.1 is a valid float32 up to 0.1.
        self._least = self._dtype.type(self._low)
        self._most = self._dtype.type(self._high)

    def read(self, value: Any) -> np.ndarray:
        """Return the array of one instance.

        Raises ValidationError, whose violation has the place within the tensor.
        """
        if isinstance(value, np.ndarray | np.generic):
            found = np.asarray(value)
            self._check_form(found)
        elif type(value) is dict:
            found = self._read_object(value)
        else:
            found = read_lists([value], self._shape, self._dtype)[0]
        found = np.asarray(found)
        self._check_range(found[None])
        return found

    def read_column(self, values: Sequence[Any]) -> TensorColumn | None:
        """Return the tensors of all instances, or None where one is not valid."""
        try:
            if type(values) is TensorColumn:
                self._check_form(values.array[0])
                found = values
            elif {dict, np.ndarray}.isdisjoint(map(type, values)):
                found = TensorColumn(read_lists(values, self._shape, self._dtype))
            else:
                return stack_tensors([self.read(value) for value in values])
            self._check_range(found.array)
        except (ValidationError, ValueError):
            return None
        return found

    def _check_form(self, array: np.ndarray) -> None:
        if array.dtype != self._dtype:
            raise _refuse("type", f"must be of the type {self._dtype}")
        self._check_shape(array.shape)

    def _check_shape(self, sizes: Sequence[Any], place: str = "") -> None:
        if len(sizes) != len(self._shape) or not all(
            type(size) is int and size > 0 and size == (wanted or size)
            for size, wanted in zip(sizes, self._shape, strict=True)
        ):
            sentence = f"must have the shape {write_shape(self._shape)}"
            raise _refuse("length", sentence, place)

    def _check_range(self, array: np.ndarray) -> None:
        """Refuse an element out of range, of the tensors of several instances.

        NaN lies within no range, and an infinity beyond that of any element type.
        """
        with np.errstate(invalid="ignore"):
            if array.min() >= self._least and array.max() <= self._most:
                return
        is_within = (array >= self._least) & (array <= self._most)
        index = int(np.argmin(is_within))
        if self._dtype.kind == "f" and not np.isfinite(array.flat[index]):
            raise refuse("range", f"must be a finite {self._dtype}", array.shape, index)
        sentence = describe_range((self._low, self._high))
        raise refuse("range", sentence, array.shape, index)

    # Bytes in base64

    def _read_object(self, value: dict[str, Any]) -> np.ndarray:
        if B64 not in value or not value.keys() <= {B64, SHAPE}:
            raise _refuse("unknown", f"must have {B64}, and no more but {SHAPE}")
        shape = self._read_shape(value)
        try:
            data = b64decode(value[B64], validate=True)
        except (binascii.Error, TypeError, ValueError):
            sentence = "must be base64 of RFC 4648, with its padding"
            raise _refuse("text", sentence, f".{B64}") from None
        size = math.prod(shape) * self._dtype.itemsize
        if len(data) != size:
            sentence = f"must be {size} bytes: {write_shape(shape)} of {self._dtype}"
            raise _refuse("length", sentence, f".{B64}")
        if self._dtype.kind == "b" and data.strip(b"\0\1"):
            raise _refuse("type", "must have bytes of 0 and 1 alone", f".{B64}")
        little = np.frombuffer(data, self._dtype.newbyteorder("<"))
        return little.reshape(shape).astype(self._dtype)

    def _read_shape(self, value: dict[str, Any]) -> tuple[int, ...]:
        """Return the shape that is said, or the feature's where that says it all."""
        if SHAPE not in value:
            fixed = tuple(size for size in self._shape if size is not None)
            if len(fixed) < len(self._shape):
                raise _refuse("missing", "must be there: a dimension is free", ".shape")
            return fixed
        shape = value[SHAPE]
        if type(shape) is not list:
            raise _refuse("type", "must be a list of sizes", f".{SHAPE}")
        self._check_shape(shape, f".{SHAPE}")
        return tuple(shape)


def _refuse(kind: Kind, sentence: str, place: str = "") -> ValidationError:
    return ValidationError([Violation(kind, sentence, place)])
