"""What the tensors of one request must keep together: their number, and shapes."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from service.model.contract.column_form import Place
from service.model.contract.document import place_in_row
from service.model.contract.fast_path import Columns
from service.model.contract.faults import Fault
from service.model.contract.features import Contract
from service.model.contract.nested_lists import write_shape
from service.model.contract.request_limits import RequestLimits
from service.model.contract.tensor_columns import find_other_shape
from service.model.contract.violations import Violation
from service.model.errors import TooManyInstancesError

COMMA = ord(",")

# Some sixth of a second, most of it in JSON itself. Bytes in base64 take none.
MAX_LISTS = 2**19


class TensorLimits:
    """Checks requests by a contract; of one without tensors, nothing is checked.

    `max_lists` is how many lists the tensors of a request may be nested in, and
    `shared` says where dimensions of each name are, by feature and axis.
    """

    def __init__(self, contract: Contract, limits: RequestLimits) -> None:
        self._names = [each.name for each in contract.features]
        self._most = limits.max_elements
        self._is_checked = contract.table == "tensors"
        shapes = [feature.shape or () for feature in contract.features]
        nested = max(map(_count_lists, shapes), default=0.0)
        most = min(nested * limits.max_elements, MAX_LISTS)
        self.max_lists = math.ceil(most)
        self.shared = _find_shared(contract)
        # As many commas as there may be elements, and some for each instance.
        self._commas = limits.max_elements + limits.max_instances * len(self._names)

    def check_body(self, body: bytes) -> None:
        """Raise TooManyInstancesError before JSON of far too many values is decoded."""
        if self._is_checked and len(body) > 2 * self._commas:
            commas = np.count_nonzero(np.frombuffer(body, np.uint8) == COMMA)
            if commas > self._commas:
                raise self._refuse()

    def check(self, columns: Columns) -> None:
        """Raise TooManyInstancesError for tensors of too many elements."""
        if self._is_checked:
            found: Any = columns
            if sum(column.array.size for column in found) > self._most:
                raise self._refuse()

    def _refuse(self) -> TooManyInstancesError:
        return TooManyInstancesError(
            f"The tensors of the request have more elements than the {self._most} that"
            " one request may hold."
        )

    def find_others(self, columns: Columns, place: Place | None) -> Iterator[Fault]:
        """Yield the first tensor of each column that has another shape than the first.

        It is one of a free dimension, in which all instances of a request agree.
        """
        if not self._is_checked:
            return
        name_place = place or place_in_row
        for name, values in zip(self._names, columns, strict=True):
            if (index := find_other_shape(values)) is not None:
                shape = write_shape(values[0].shape)
                sentence = f"must have the shape of the first instance's, {shape}"
                where = name_place(name, index)
                yield Fault(name, where, Violation("length", sentence))

    def find_misfits(self, columns: Columns, place: Place | None) -> Iterator[Fault]:
        """Yield the tensors of which a dimension of a name has another size than one.

        All instances are of one shape: the first is named.
        """
        found: Any = columns
        name_place = place or place_in_row
        for name, [(first, axis), *others] in self.shared.items():
            size = found[first].array.shape[axis]
            for index, other in others:
                if found[index].array.shape[other] != size:
                    sentence = f"must have {size} elements in the dimension {name!r}"
                    told = Violation("length", f"{sentence}, as {self._names[first]}")
                    where = name_place(self._names[index], 0)
                    yield Fault(self._names[index], where, told)


def _find_shared(contract: Contract) -> dict[str, list[tuple[int, int]]]:
    """Return the indices of the features, and axes, of the dimensions of each name."""
    found: dict[str, list[tuple[int, int]]] = {}
    for index, feature in enumerate(contract.features):
        for axis, name in enumerate(feature.dimensions, 1):
            if name is not None:
                found.setdefault(name, []).append((index, axis))
    return found


def _count_lists(shape: Sequence[int | None]) -> float:
    """Return how many lists there are for each element, at most."""
    sizes = [1 if size is None else size for size in shape]
    return sum(1 / math.prod(sizes[depth:]) for depth in range(len(sizes)))
