"""Named tensors of a request, in JSON or in bytes, as columns of plain values."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from werkzeug.exceptions import BadRequest

from service.model.contract.array_columns import NumberColumn
from service.model.contract.features import MAX_DIMENSIONS
from service.model.errors import TooManyInstancesError
from service.web.dialects.tensor_values import (
    BINARY_SIZE,
    DATATYPES,
    MAX_NAME,
    Head,
    read_values,
)

# A tensor of more dimensions is none that a feature has, whatever its sizes are.
MAX_SIZES = 1 + MAX_DIMENSIONS


class Tensors:
    """Reads the tensors of requests, of up to `max_rows` instances, for a contract."""

    def __init__(self, names: Sequence[str], max_rows: int) -> None:
        self._names = dict.fromkeys(names)
        self._max_rows = max_rows

    def read(self, inputs: Any, binary: memoryview) -> dict[str, Sequence[Any]]:
        """Return the columns of `inputs`, of which some may lie in `binary`.

        They are those of the features, or one tensor with a column for each, in the
        contract's order. Raises BadRequest or TooManyInstancesError.
        """
        if not isinstance(inputs, list) or not inputs:
            raise BadRequest("inputs must be a list of tensors.")
        columns: dict[str, Sequence[Any]] = {}
        at = 0
        for index, tensor in enumerate(inputs):
            head = self._read_head(tensor, index)
            read = self._read_columns(head, tensor.get("data"), binary[at:])
            at += head.size or 0
            for column, found in read:
                if column in columns:
                    raise BadRequest(f"The tensor {column[:MAX_NAME]!r} occurs twice.")
                columns[column] = found
        if at != len(binary):
            raise BadRequest("Bytes follow that are of no tensor.")
        return columns

    def _read_columns(
        self, head: Head, data: Any, rest: memoryview
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the columns of a tensor: its own, or one for each feature."""
        width = math.prod(head.shape[1:])
        if width not in (1, len(self._names)):
            raise BadRequest(
                f"{head} must have the shape [n] for a feature, or [n,"
                f" {len(self._names)}] for all of them."
            )
        values = read_values(head, data, rest)
        if len(values) != math.prod(head.shape):
            raise BadRequest(f"{head} has not as many data as its shape says.")
        if width == 1:
            yield head.name, values
        elif type(values) is NumberColumn:
            for index, name in enumerate(self._names):
                yield name, values.take_every(width, index)
        else:
            yield from ((n, values[i::width]) for i, n in enumerate(self._names))

    def _read_head(self, tensor: Any, index: int) -> Head:
        """Read what a tensor says of itself, before any of its values is read."""
        if not isinstance(tensor, dict):
            raise BadRequest(f"inputs[{index}] must be an object.")
        name, datatype = tensor.get("name"), tensor.get("datatype")
        if not isinstance(name, str):
            raise BadRequest(f"inputs[{index}] must have a name.")
        called = f"The tensor {name[:MAX_NAME]!r}"
        if not isinstance(datatype, str) or datatype not in DATATYPES:
            raise BadRequest(f"{called} must have a datatype, such as FP64 or BYTES.")
        parameters = tensor.get("parameters")
        size = parameters.get(BINARY_SIZE) if isinstance(parameters, dict) else None
        if size is not None and ("data" in tensor or not _is_size(size)):
            raise BadRequest(f"{called} must have data or a size in bytes.")
        shape = self._read_shape(tensor.get("shape"), called)
        return Head(name, shape, datatype, size)

    def _read_shape(self, shape: Any, called: str) -> tuple[int, ...]:
        is_list = isinstance(shape, list) and 0 < len(shape) <= MAX_SIZES
        if not is_list or not all(map(_is_size, shape)):
            raise BadRequest(f"{called} must have a shape, a list of sizes.")
        rows = shape[0]
        if rows > self._max_rows:
            raise TooManyInstancesError(
                f"{rows} instances are more than the {self._max_rows} that one request"
                " may hold."
            )
        return tuple(shape)


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**32
