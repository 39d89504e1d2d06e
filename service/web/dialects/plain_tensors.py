"""The fast path: requests of a JSON tensor for each feature, decoded in C.

Python looks at 13 heads for as long as the whole request takes otherwise. A reader that
returns None may just not be sure.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.model.contract.strict_json import has_no_more_keys
from service.web.dialects.tensor_values import DATATYPES

# Beyond, orjson takes an integer for a double.
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Value = str | Integer | float | bool | None

KEYS_OF_TENSOR = 4


class PlainTensor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A tensor of one value for each instance."""

    name: str
    shape: list[int]
    datatype: Literal[(*sorted(DATATYPES),)]  # type: ignore[valid-type]
    data: list[Value]

    @property
    def is_column(self) -> bool:
        count = len(self.data)
        return self.shape in ([count], [count, 1])


class PlainRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request with nothing but tensors, and what concerns its answer."""

    inputs: list[PlainTensor]
    id: str | UnsetType = UNSET
    outputs: list[dict[str, str]] | UnsetType = UNSET
    parameters: dict[str, Value] | UnsetType = UNSET

    def count_keys(self) -> int:
        """Count the keys that the JSON must have."""
        count = 1 + KEYS_OF_TENSOR * len(self.inputs) + (self.id is not UNSET)
        if self.outputs is not UNSET:
            count += 1 + sum(map(len, self.outputs))
        if self.parameters is not UNSET:
            count += 1 + len(self.parameters)
        return count


DECODE = msgspec.json.Decoder(PlainRequest).decode


def read_plain(
    body: bytes,
) -> tuple[Mapping[str, Sequence[Any]], dict[str, Any]] | None:
    """Return the columns of a request and the keys that concern its answer, or None."""
    try:
        request = DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    tensors = request.inputs
    columns: dict[str, Sequence[Any]] = {each.name: each.data for each in tensors}
    is_plain = tensors and all(each.is_column for each in tensors)
    # Of duplicate keys, msgspec keeps the last.
    is_exact = is_plain and has_no_more_keys(body, request.count_keys())
    if not is_exact or len(columns) < len(tensors):
        return None
    asked: dict[str, Any] = {"id": request.id, "outputs": request.outputs or None}
    if request.parameters is not UNSET:
        asked["parameters"] = request.parameters
    return columns, asked
