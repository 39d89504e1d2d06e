"""The values of a tensor of the Open Inference Protocol, by its datatype.

https://github.com/kserve/open-inference-protocol, and for tensors that follow the JSON
as bytes https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

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

# And a value of an answer.
BY_VALUE: dict[type, str] = {str: "BYTES", float: "FP64", int: "INT64", bool: "BOOL"}

BINARY_SIZE = "binary_data_size"
MAX_NAME = 64


class Head(NamedTuple):
    """What a tensor says of its values; `size` is in bytes, if these follow the JSON.

    `shape` has the rows, and then how many values there are in each.
    """

    name: str
    shape: tuple[int, int]
    datatype: str
    size: int | None

    def __str__(self) -> str:
        return f"The tensor {self.name[:MAX_NAME]!r}"


def read_values(head: Head, data: Any, rest: memoryview) -> list[Any]:
    """Return the values of a tensor, of its data or of the bytes that begin `rest`.

    Raises BadRequest.
    """
    if head.size is None:
        return list(_flatten(data, head))
    part = rest[: head.size]
    if len(part) != head.size:
        raise BadRequest(f"{head} has fewer bytes than it says.")
    return _read_bytes(part, head)


def _flatten(data: Any, head: Head) -> Iterator[Any]:
    """Yield the values of a tensor, which may be nested as its shape is."""
    if not isinstance(data, list):
        raise BadRequest(f"{head} must have a list of data.")
    for each in data:
        if not isinstance(each, list):
            yield each
        elif any(isinstance(value, list) for value in each):
            raise BadRequest(f"{head} has data that are nested too deeply.")
        else:
            yield from each


def _read_bytes(part: memoryview, head: Head) -> list[Any]:
    """Return the values of a tensor given as bytes; NaN is null."""
    if head.datatype == "BYTES":
        return list(_read_texts(part, head))
    form = FORMATS[head.datatype]
    if len(part) != math.prod(head.shape) * struct.calcsize(f"<{form}"):
        raise BadRequest(f"{head} has not as many bytes as its shape says.")
    values = [value for (value,) in struct.iter_unpack(f"<{form}", part)]
    if form not in "efd" or all(map(math.isfinite, values)):
        return values
    if any(map(math.isinf, values)):
        raise BadRequest(f"{head} holds an infinity.")
    return [None if math.isnan(value) else value for value in values]


def _read_texts(part: memoryview, head: Head) -> Iterator[str]:
    """Yield texts, before each of which its length stands, in four bytes."""
    at = 0
    while at < len(part):
        begin = at + 4
        if begin > len(part):
            raise BadRequest(f"{head} is cut short.")
        (length,) = struct.unpack_from("<I", part, at)
        at = begin + length
        if at > len(part):
            raise BadRequest(f"{head} is cut short.")
        try:
            yield str(part[begin:at], "utf-8")
        except UnicodeDecodeError:
            raise BadRequest(f"{head} holds what is no UTF-8.") from None
