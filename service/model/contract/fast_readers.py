"""The fast path of each form of a request, the commonest first."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.model.contract.column_form import (
    COLUMNS,
    ColumnsReader,
    Place,
    place_in_column,
)
from service.model.contract.document import Document
from service.model.contract.fast_path import BodyReader, Columns, is_decodable
from service.model.contract.faults import INSTANCES
from service.model.contract.features import Contract
from service.model.contract.novelty import compile_known
from service.model.contract.positional_rows import takes_positions
from service.model.contract.value_types import ValueType


class FastReaders:
    """Reads valid requests: those of values that training saw, and then all others.

    Tensors have no fast path: what takes time is their elements, which are read in C.
    """

    def __init__(
        self, contract: Contract, valid: Sequence[ValueType], max_string_length: int
    ) -> None:
        self._readers: list[tuple[BodyReader | ColumnsReader, bool, Place | None]] = []
        self._converters: list[tuple[ColumnsReader, bool]] = []
        is_fast = contract.table not in ("mapping", "tensors")
        by_name = is_fast and is_decodable(contract)
        forms = [True] if takes_positions(contract) else []
        forms += [False] if by_name else []
        features = contract.features if forms else ()
        known = [compile_known(each, max_string_length) for each in features]
        tried = ((known, True), (valid, False))
        for types, is_known in tried:
            for by_position in forms:
                reader = BodyReader(contract, types, by_position=by_position)
                self._readers.append((reader, is_known, None))
        for types, is_known in tried if by_name else ():
            columns = ColumnsReader(contract, types)
            self._readers.append((columns, is_known, place_in_column))
            self._converters.append((columns, is_known))

    def read(self, body: bytes, most: int) -> Document | None:
        """Return the document of a body of at most so many instances, or None."""
        for reader, is_known, place in self._readers:
            columns = reader.read(body)
            if columns and len(columns[0]) <= most:
                root = COLUMNS if place else INSTANCES
                return Document(
                    len(columns[0]), columns, is_known, place=place, root=root
                )
        return None

    def convert(self, columns: Mapping[str, Any]) -> tuple[Columns | None, bool]:
        """Return columns, if they are surely valid, and whether training saw them."""
        for converter, is_known in self._converters:
            if found := converter.convert(columns):
                return found, is_known
        return None, False
