"""Tensors of the Open Inference Protocol as columns of plain values.

https://github.com/kserve/open-inference-protocol, and for tensors that follow the JSON
as bytes https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from werkzeug.exceptions import BadRequest

from service.model.contract.features import FeatureType

# The format of one value in struct's notation, little-endian.
FORMATS = {
    **{"BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"},
    **{"UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q"},
    **{"FP16": "e", "FP32": "f", "FP64": "d"},
}
DATATYPES = {*FORMATS, "BYTES"}

# What a feature is published as.
BY_TYPE: dict[FeatureType, str] = {
    "integer": "INT64",
    "number": "FP64",
    "boolean": "BOOL",
}

BINARY_SIZE = "binary_data_size"
MAX_NAME = 64


class Tensors:
    """Reads the tensors of requests by the names of a model's features."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def read(self, inputs: Any, binary: memoryview) -> dict[str, list[Any]]:
        """Return the columns of `inputs`, of which some may lie in `binary`.

        They are those of the features, or one tensor with a column for each, in the
        contract's order. Raises BadRequest.
        """
        if not isinstance(inputs, list) or not inputs:
            raise BadRequest("inputs must be a list of tensors.")
        columns: dict[str, list[Any]] = {}
        at = 0
        for index, tensor in enumerate(inputs):
            name, shape, size = _read_head(tensor, index)
            if size is None:
                values = list(_flatten(tensor.get("data"), name))
            else:
                part = binary[at : at + size]
                at += size
                if len(part) != size:
                    raise BadRequest(f"The bytes of {name!r} are cut short.")
                values = _read_bytes(part, tensor["datatype"], name)
            if len(values) != math.prod(shape):
                raise BadRequest(f"The shape of {name!r} is not that of its data.")
            for column, found in self._split(name, shape, values):
                if column in columns:
                    raise BadRequest(f"The tensor {column[:MAX_NAME]!r} occurs twice.")
                columns[column] = found
        if at != len(binary):
            raise BadRequest("Bytes follow that are of no tensor.")
        return columns

    def _split(
        self, name: str, shape: list[int], values: list[Any]
    ) -> Iterator[tuple[str, list[Any]]]:
        width = math.prod(shape[1:])
        if width == 1 and (name in self._names or len(self._names) > 1):
            yield name, values
        elif len(shape) == 2 and width == len(self._names):
            yield from ((n, values[i::width]) for i, n in enumerate(self._names))
        else:
            raise BadRequest(
                f"The shape of {name!r} must be [n] for a feature, or [n,"
                f" {len(self._names)}] for all of them."
            )


def _read_head(tensor: Any, index: int) -> tuple[str, list[int], int | None]:
    """Return the name of a tensor, its shape, and how many bytes follow, if any."""
    if not isinstance(tensor, dict):
        raise BadRequest(f"inputs[{index}] must be an object.")
    name, shape = tensor.get("name"), tensor.get("shape")
    if not isinstance(name, str):
        raise BadRequest(f"inputs[{index}] must have a name.")
    called = f"The tensor {name[:MAX_NAME]!r}"
    if not isinstance(shape, list) or not shape or not all(map(_is_size, shape)):
        raise BadRequest(f"{called} must have a shape, a list of sizes.")
    if tensor.get("datatype") not in DATATYPES:
        raise BadRequest(f"{called} must have a datatype, such as FP64 or BYTES.")
    parameters = tensor.get("parameters") or {}
    size = parameters.get(BINARY_SIZE) if isinstance(parameters, dict) else None
    if size is not None and ("data" in tensor or not _is_size(size)):
        raise BadRequest(f"{called} must have data or a size in bytes.")
    return name, shape, size


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**32


def _flatten(data: Any, name: str) -> Iterator[Any]:
    """Yield the values of a tensor, which may be nested as its shape is."""
    if not isinstance(data, list):
        raise BadRequest(f"The tensor {name[:MAX_NAME]!r} must have a list of data.")
    for each in data:
        if isinstance(each, list):
            yield from _flatten_row(each, name)
        else:
            yield each


def _flatten_row(row: list[Any], name: str) -> Iterator[Any]:
    if any(isinstance(value, list) for value in row):
        raise BadRequest(f"The data of {name[:MAX_NAME]!r} are nested too deeply.")
    yield from row


def _read_bytes(part: memoryview, datatype: str, name: str) -> list[Any]:
    """Return the values of a tensor given as bytes; NaN is null."""
    if datatype == "BYTES":
        return list(_read_texts(part, name))
    form = FORMATS[datatype]
    if len(part) % struct.calcsize(f"<{form}"):
        raise BadRequest(f"The bytes of {name[:MAX_NAME]!r} are cut short.")
    values = [value for (value,) in struct.iter_unpack(f"<{form}", part)]
    if form not in "efd" or all(map(math.isfinite, values)):
        return values
    if any(map(math.isinf, values)):
        raise BadRequest(f"The tensor {name[:MAX_NAME]!r} holds an infinity.")
    return [None if math.isnan(value) else value for value in values]


def _read_texts(part: memoryview, name: str) -> Iterator[str]:
    """Yield texts, before each of which its length stands, in four bytes."""
    at = 0
    while at < len(part):
        if at + 4 > len(part):
            raise BadRequest(f"The bytes of {name[:MAX_NAME]!r} are cut short.")
        (length,) = struct.unpack_from("<I", part, at)
        end = at + 4 + length
        if end > len(part):
            raise BadRequest(f"The bytes of {name[:MAX_NAME]!r} are cut short.")
        try:
            yield str(part[at + 4 : end], "utf-8")
        except UnicodeDecodeError:
            raise BadRequest(f"{name[:MAX_NAME]!r} holds what is no UTF-8.") from None
        at = end
