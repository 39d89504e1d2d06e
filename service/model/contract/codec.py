"""Requests to instances: bytes are decoded, validated, and compared with training."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from service.model.contract.array_makers import ArrayMaker
from service.model.contract.column_form import NO_ROWS, ColumnFaultFinder, Place
from service.model.contract.decoder import Decoder
from service.model.contract.document import Document, place_in_row
from service.model.contract.fast_path import Columns
from service.model.contract.faults import (
    BODY,
    MAX_NAME,
    Fault,
    FaultFinder,
    join_columns,
)
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.novelty import Novelty, NoveltyCheck
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import compile_schema
from service.model.contract.tensor_limits import TensorLimits
from service.model.contract.value_types import compile_type
from service.model.errors import ContractViolationError, Remark

IGNORED = "is not a feature of this model and was ignored"

Novelties = Counter[tuple[str, Novelty]]


class Codec:
    """Reads requests by a contract, within limits."""

    def __init__(self, contract: Contract, limits: RequestLimits) -> None:
        self.contract = contract
        self.limits = limits
        self.schema = compile_schema(contract, limits)
        length = limits.max_string_length
        features = contract.features
        is_open = contract.table == "mapping"
        valid = [] if is_open else [compile_type(each, length) for each in features]
        self._tensors = TensorLimits(contract, limits)
        self._decoder = Decoder(contract, limits, valid, self._tensors)
        self._faults = FaultFinder(contract, self.schema, valid, limits)
        self._column_faults: ColumnFaultFinder | None = None
        if not is_open:
            self._column_faults = ColumnFaultFinder(contract, self.schema, valid)
        self._is_ignoring = contract.unknown_fields == "ignore" and not is_open
        self._checks = {feature.name: NoveltyCheck(feature) for feature in features}
        self._arrays = ArrayMaker(contract)

    def load(self, body: bytes) -> Instances:
        """Read the body of a request. Raises what decode and validate raise."""
        return self.validate(self.decode(body))

    def decode(self, body: bytes) -> Document:
        """Decode JSON: see Decoder.decode."""
        return self._decoder.decode(body)

    def read_columns(
        self, columns: Mapping[str, Any], place: Place, root: str
    ) -> Document:
        """Read columns of another form: see Decoder.read_columns."""
        return self._decoder.read_columns(columns, place, root)

    def check_containers(self, body: bytes) -> None:
        """Bound what a body holds: see Decoder.check_containers."""
        self._decoder.check_containers(body)

    def validate(self, document: Document) -> Instances:
        """Validate a document, and list the values that training did not see.

        Raises ContractViolationError, which names every place, up to the limit.
        """
        columns = self._arrays.make(document.columns or self._read_valid(document))
        self._tensors.check(columns)
        if self._tensors.shared:
            misfits = [*self._tensors.find_misfits(columns, document.place)]
            if misfits:
                raise _refuse(misfits)
        by_column = document.place is not None
        if document.is_known:
            return Instances(columns, document.count, by_column=by_column)
        novelties: Novelties = Counter()
        found = self._iterate_warnings(document, columns, novelties)
        warnings = [*islice(found, self.limits.max_errors)]
        more = sum(1 for _ in found)
        if more:
            warnings.append(Remark(document.root, f"and {more} more"))
        return Instances(columns, document.count, (*warnings,), novelties, by_column)

    def _read_valid(self, document: Document) -> Columns:
        """Return the columns of a document. Raises ContractViolationError."""
        parts: list[Any] = []
        by_column = self._column_faults if document.place else None
        if by_column and document.place:
            faults = by_column.find(document.content, parts, document.place)
        else:
            faults = self._faults.find(document.content, parts)
        found = list(islice(faults, self.limits.max_errors))
        if by_column and not found and not document.count:  # each has a default
            found = [Fault(BODY, document.root, NO_ROWS)]
        if not found:
            columns = tuple(parts) if by_column else join_columns(parts)
            found = [*self._tensors.find_others(columns, document.place)]
            if not found:
                return columns
        more = [Remark(document.root, "and more")] if next(faults, None) else []
        raise _refuse(found, more)  # how many more is not worth the time

    def _iterate_warnings(
        self, document: Document, columns: Columns, novelties: Novelties
    ) -> Iterator[Remark]:
        """Yield what is let through, and count what is new of it."""
        place = document.place or place_in_row
        for (name, check), values in zip(self._checks.items(), columns, strict=True):
            for index, novelty in check.find(values):
                novelties[name, novelty] += 1
                yield Remark(place(name, index), check.messages[novelty])
        if document.content and self._is_ignoring:
            for name, row in document.iterate_names():
                if name not in self._checks:
                    yield Remark(place(name[:MAX_NAME], row), IGNORED)


def _refuse(
    found: Sequence[Fault], more: Sequence[Remark] = ()
) -> ContractViolationError:
    """Return the error that names faults."""
    remarks = [Remark(fault.path, fault.violation) for fault in found]
    kinds: Any = ((fault.field, fault.violation.kind) for fault in found)
    return ContractViolationError((*remarks, *more), Counter(kinds))
