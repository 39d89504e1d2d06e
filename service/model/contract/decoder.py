"""Bytes to documents: a request is decoded and counted, and not yet validated."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from service.model.contract.array_checks import ArrayChecks, has_arrays, list_arrays
from service.model.contract.column_form import (
    COLUMNS,
    Place,
    count_rows,
    place_in_column,
)
from service.model.contract.document import Document, count_instances
from service.model.contract.fast_path import RowReader
from service.model.contract.fast_readers import FastReaders
from service.model.contract.faults import INSTANCES
from service.model.contract.features import Contract
from service.model.contract.positional_rows import (
    find_bare_name,
    name_tensors,
    name_values,
    takes_positions,
)
from service.model.contract.request_limits import RequestLimits
from service.model.contract.strict_json import (
    check_keys,
    decode,
    holds_more_containers,
    pausing_collector,
)
from service.model.contract.tensor_limits import TensorLimits
from service.model.contract.value_types import ValueType
from service.model.errors import (
    ContractViolationError,
    Remark,
    TooManyInstancesError,
)

# The most objects and lists that a body may hold: for each instance that is allowed, as
# ignored fields may hold some, and at least. Each takes up to 90 times the memory of
# its two bytes: 8 MiB of them took 390 MB and two seconds.
CONTAINERS_PER_INSTANCE = 16
MIN_CONTAINERS = 100_000

NO_COLUMNS_HERE = "must be instances by row: they have any fields, and so no columns"


class Decoder:
    """Decodes requests by a contract, within limits.

    `valid` are the types of the features' values, none of instances of any fields.
    """

    def __init__(
        self,
        contract: Contract,
        limits: RequestLimits,
        valid: Sequence[ValueType],
        tensors: TensorLimits,
    ) -> None:
        self._max_instances = limits.max_instances
        self._tensors = tensors
        self._names = [feature.name for feature in contract.features]
        self._has_columns = contract.table != "mapping"
        self._is_positional = takes_positions(contract)
        self._bare_name = find_bare_name(contract)
        self._fast = FastReaders(contract, valid, limits.max_string_length)
        self._keeps_content = contract.unknown_fields == "ignore"
        has_tensors = contract.table == "tensors"
        self._tensor_rows = RowReader(contract, valid) if has_tensors else None
        features = contract.features if self._has_columns else ()
        self._array_checks = ArrayChecks(features, valid)
        per_instance = CONTAINERS_PER_INSTANCE * limits.max_instances
        least = max(per_instance, MIN_CONTAINERS)
        self._max_containers = least + tensors.max_lists

    def decode(self, body: bytes) -> Document:
        """Decode JSON and count its instances.

        Raises MalformedJsonError or TooManyInstancesError.
        """
        rows = self._tensor_rows
        if rows is None:
            return self._decode(body)
        with pausing_collector():
            return self._read_tensors(self._decode(body), rows)

    def _decode(self, body: bytes) -> Document:
        if document := self._fast.read(body, self._max_instances):
            return document
        self.check_containers(body)
        content = decode(body)
        place = place_in_column if self._comes_by_column(content) else None
        count = count_instances(content, self._names, by_column=place is not None)
        self._check_count(count)
        check_keys(content, body)
        if self._is_positional and not place:
            name_values(content, self._names)
        if self._bare_name and type(content) is dict and INSTANCES in content:
            content[INSTANCES] = name_tensors(content[INSTANCES], self._bare_name)
        root = COLUMNS if place else INSTANCES
        return Document(count, content=content, place=place, root=root)

    def _comes_by_column(self, content: Any) -> bool:
        is_object = type(content) is dict and INSTANCES not in content
        return is_object and COLUMNS in content and self._has_columns

    def _read_tensors(self, document: Document, rows: RowReader) -> Document:
        """Return a document of arrays, where all its tensors are surely valid.

        Its lists are gone before the collector would look through half a million.
        """
        content, columns = document.content, None
        if type(content) is not dict or len(content) != 1 or not document.count:
            return document
        if not document.place:
            columns = rows.read(content[INSTANCES])
        elif {*map(type, content[COLUMNS].values())} == {list}:
            columns = self._array_checks.read(content[COLUMNS])
        if columns is None:
            return document
        kept = content if self._keeps_content else None
        count, place, root = document.count, document.place, document.root
        return Document(count, columns, content=kept, place=place, root=root)

    def read_columns(
        self, columns: Mapping[str, Any], place: Place, root: str
    ) -> Document:
        """Return the document of columns that came in another form than JSON.

        `place` and `root` name what is wrong as the caller wrote it. Raises
        TooManyInstancesError, or ContractViolationError where no columns are taken.
        """
        if not self._has_columns:
            raise ContractViolationError((Remark(root, NO_COLUMNS_HERE),), Counter())
        count = count_rows(columns, self._names)
        self._check_count(count)
        content: dict[str, Any] = {COLUMNS: columns}
        if has_arrays(columns):
            if valid := self._array_checks.read(columns):
                return Document(count, valid, content=content, place=place, root=root)
            content = {COLUMNS: list_arrays(columns)}
        found, is_known = self._fast.convert(content[COLUMNS])
        return Document(count, found, is_known, content, place, root)

    def _check_count(self, count: int) -> None:
        if count > self._max_instances:
            raise TooManyInstancesError(
                f"{count} instances are more than the {self._max_instances} that one"
                " request may hold."
            )

    def check_containers(self, body: bytes) -> None:
        """Raise TooManyInstancesError where decoding a body would take much memory."""
        self._tensors.check_body(body)
        if holds_more_containers(body, self._max_containers):
            raise TooManyInstancesError(
                f"The body holds over {self._max_containers} objects and lists, and one"
                f" request may hold {self._max_instances} instances."
            )
