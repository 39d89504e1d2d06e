"""The values of a tensor of the Open Inference Protocol, by its datatype.

https://github.com/kserve/open-inference-protocol, and for tensors that follow the JSON
as bytes https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from werkzeug.exceptions import BadRequest

from service.model.contract.array_columns import FEW_ROWS, CodedColumn, NumberColumn
from service.model.contract.array_makers import make_codes, read_numbers
from service.model.contract.features import Feature, FeatureType

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

# And a tensor, by the type of its elements.
BY_ELEMENT = {
    **{"bool": "BOOL", "float32": "FP32", "float64": "FP64"},
    **{f"int{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}

BINARY_SIZE = "binary_data_size"
MAX_NAME = 64


class Head(NamedTuple):
    """What a tensor says of its values; `size` is in bytes, if these follow the JSON.

    `shape` begins with the rows.
    """

    name: str
    shape: tuple[int, ...]
    datatype: str
    size: int | None

    def __str__(self) -> str:
        return f"The tensor {self.name[:MAX_NAME]!r}"


def describe_input(feature: Feature) -> dict[str, Any]:
    """Return what a feature is published as: a tensor, of any number of instances."""
    datatype, shape = BY_TYPE.get(feature.type, "BYTES"), [-1]
    if feature.shape is not None:
        datatype = BY_ELEMENT[feature.storage.dtype]
        shape += [-1 if size is None else size for size in feature.shape]
    return {"name": feature.name, "datatype": datatype, "shape": shape}


def read_values(head: Head, data: Any, rest: memoryview) -> Sequence[Any]:
    """Return the values of a tensor, of its data or of the bytes that begin `rest`.

    Many that are bytes become an array. Raises BadRequest.
    """
    if head.size is None:
        return list(islice(_flatten(data, head), math.prod(head.shape) + 1))
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


def _read_bytes(part: memoryview, head: Head) -> Sequence[Any]:
    """Return the values of a tensor given as bytes; NaN is null."""
    if head.datatype == "BYTES":
        return _read_texts(part, head)
    form = FORMATS[head.datatype]
    if len(part) != math.prod(head.shape) * struct.calcsize(f"<{form}"):
        raise BadRequest(f"{head} has not as many bytes as its shape says.")
    if head.shape[0] >= FEW_ROWS:
        return _read_array(part, form, head)
    values = [value for (value,) in struct.iter_unpack(f"<{form}", part)]
    if form not in "efd" or all(map(math.isfinite, values)):
        return values
    if any(map(math.isinf, values)):
        raise BadRequest(f"{head} holds an infinity.")
    return [None if math.isnan(value) else value for value in values]


def _read_array(part: memoryview, form: str, head: Head) -> Sequence[Any]:
    column = read_numbers(part, f"<{form}")
    range_ = column.range if type(column) is NumberColumn else ()
    if any(each is not None and math.isinf(each) for each in range_):
        raise BadRequest(f"{head} holds an infinity.")
    return column


def _read_texts(part: memoryview, head: Head) -> Sequence[str]:
    """Return texts, of which many are decoded once for each kind."""
    # So many are too many already, and of 8 MiB there may be two million.
    raw = list(islice(_split_texts(bytes(part), head), math.prod(head.shape) + 1))
    try:
        if len(raw) < FEW_ROWS:
            return [each.decode() for each in raw]
        column = make_codes(raw)
        return CodedColumn(column.codes, [kind.decode() for kind in column.kinds])
    except UnicodeDecodeError:
        raise BadRequest(f"{head} holds what is no UTF-8.") from None


def _split_texts(part: bytes, head: Head) -> Iterator[bytes]:
    """Yield texts, before each of which its length stands, in four bytes."""
    at, end = 0, len(part)
    while at < end:
        begin = at + 4
        at = begin + int.from_bytes(part[at:begin], "little")
        if at > end:
            raise BadRequest(f"{head} is cut short.")
        yield part[begin:at]


def write_bytes(datatype: str, values: Sequence[Any]) -> bytes:
    """Return the values of a tensor of an answer as bytes."""
    if datatype != "BYTES":
        return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)
    written = {}
    for text in set(values):
        encoded = text.encode()
        written[text] = struct.pack("<I", len(encoded)) + encoded
    return b"".join([written[text] for text in values])
