"""The field of marshmallow that validates a tensor, and its published schema."""

from typing import Any

import numpy as np
from marshmallow import fields

from service.model.contract.features import Feature
from service.model.contract.nested_lists import write_shape
from service.model.contract.tensor_reader import B64, SHAPE, TensorReader

TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}


class TensorField(fields.Field[np.ndarray]):
    """Lists nested to a shape, or base64 of the elements, little-endian, in C order."""

    def __init__(
        self, feature: Feature, metadata: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(metadata={**metadata, **describe_tensor(feature)}, **kwargs)
        self._reader = TensorReader(feature)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> np.ndarray:
        return self._reader.read(value)


def describe_tensor(feature: Feature) -> dict[str, Any]:
    """Return the JSON Schema of a tensor."""
    assert feature.shape is not None  # noqa: S101 - for mypy
    dtype = feature.storage.dtype
    bounds = {"minimum": feature.minimum, "maximum": feature.maximum}
    lists: dict[str, Any] = {
        "type": TYPES[np.dtype(dtype).kind],
        **{key: bound for key, bound in bounds.items() if bound is not None},
    }
    for size in reversed(feature.shape):
        sizes = (
            {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
        )
        lists = {"type": "array", "items": lists, **sizes}
    shape = {"type": "array", "items": {"type": "integer", "minimum": 1}}
    is_free = None in feature.shape
    of = write_shape(feature.shape, feature.dimensions)
    coded = {
        "type": "object",
        "description": f"Of {of or 'one'} {dtype}, little-endian, in C order",
        "properties": {
            B64: {"type": "string", "contentEncoding": "base64"},
            SHAPE: shape,
        },
        "required": [B64, SHAPE] if is_free else [B64],
        "additionalProperties": False,
    }
    shapes: dict[str, Any] = {"x-shape": list(feature.shape)}
    if feature.dimensions:  # those of one name agree
        shapes["x-dimensions"] = list(feature.dimensions)
    return {"x-dtype": dtype, **shapes, "oneOf": [lists, coded]}
