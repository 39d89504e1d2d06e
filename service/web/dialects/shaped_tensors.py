"""Named tensors of a request for a model that takes tensors: one for each feature."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from werkzeug.exceptions import BadRequest

from service.model.contract.features import Feature
from service.model.contract.nested_lists import nest
from service.model.contract.tensor_columns import read_tensors
from service.web.dialects.tensor_values import Head, describe_input
from service.web.dialects.tensors import Tensors


class ShapedTensors(Tensors):
    """Reads tensors that have the very datatype and the shape of their features."""

    def __init__(self, features: Sequence[Feature], max_rows: int) -> None:
        super().__init__([feature.name for feature in features], max_rows)
        self._features = {feature.name: feature for feature in features}

    def _read_columns(
        self, head: Head, data: Any, rest: memoryview
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the tensors of the instances, and nothing of what is no feature."""
        feature = self._features.get(head.name)
        if feature is None:
            yield head.name, []
            return
        wanted = describe_input(feature)
        sizes = wanted["shape"]
        if len(head.shape) != len(sizes) or not all(
            size in (found, -1) for size, found in zip(sizes, head.shape, strict=True)
        ):
            raise BadRequest(f"{head} must have the shape {sizes}.")
        if head.datatype != wanted["datatype"]:
            raise BadRequest(f"{head} must have the datatype {wanted['datatype']}.")
        if head.size is None:
            found = _read_lists(head, data)
            _check_free(head, found, sizes)
            yield head.name, found
        else:
            yield head.name, _read_bytes(head, feature, rest)


def _read_lists(head: Head, data: Any) -> list[Any]:
    """Return data, which may be flat or nested as the shape is, as nested lists.

    Whether they are nested rightly is left to the contract, which says where not.
    """
    if not isinstance(data, list):
        raise BadRequest(f"{head} must have a list of data.")
    is_nested = len(head.shape) > 1 and list in set(map(type, data))
    count = head.shape[0] if is_nested else math.prod(head.shape)
    if len(data) != count:
        raise BadRequest(f"{head} has not as many data as its shape says.")
    return data if is_nested or not count else nest(data, head.shape)


def _check_free(head: Head, data: list[Any], sizes: Sequence[int]) -> None:
    """Refuse lists that have another size in a free dimension than the shape says."""
    level = data
    for size, wanted in zip(head.shape[1:], sizes[1:], strict=True):
        if -1 not in sizes[1:] or {*map(type, level)} != {list}:
            return
        if wanted == -1 and {*map(len, level)} != {size}:
            raise BadRequest(f"{head} has not as many data as its shape says.")
        level = [*chain.from_iterable(level)]


def _read_bytes(head: Head, feature: Feature, rest: memoryview) -> Sequence[Any]:
    part = rest[: head.size]
    if len(part) != head.size:
        raise BadRequest(f"{head} has fewer bytes than it says.")
    if not part:
        return []
    try:
        return read_tensors(part, feature.storage.dtype, head.shape)
    except ValueError:
        told = " of 0 and 1" if feature.storage.dtype == "bool" else ""
        raise BadRequest(
            f"{head} has not as many bytes{told} as its shape says."
        ) from None
