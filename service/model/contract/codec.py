"""Requests to instances: bytes are decoded, validated, and compared with training."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from service.model.contract.array_checks import ArrayChecks, has_arrays, list_arrays
from service.model.contract.array_makers import ArrayMaker
from service.model.contract.column_form import (
    COLUMNS,
    NO_ROWS,
    ColumnFaultFinder,
    Place,
    count_rows,
    place_in_column,
)
from service.model.contract.document import Document, count_instances, place_in_row
from service.model.contract.fast_path import Columns
from service.model.contract.fast_readers import FastReaders
from service.model.contract.faults import (
    BODY,
    INSTANCES,
    MAX_NAME,
    Fault,
    FaultFinder,
    join_columns,
)
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.novelty import Novelty, NoveltyCheck
from service.model.contract.positional_rows import (
    find_bare_name,
    name_tensors,
    name_values,
    takes_positions,
)
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import compile_schema
from service.model.contract.strict_json import (
    check_keys,
    decode,
    holds_more_containers,
    pausing_collector,
)
from service.model.contract.tensor_limits import TensorLimits
from service.model.contract.value_types import compile_type
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
        self._is_positional = takes_positions(contract)
        self._bare_name = find_bare_name(contract)
        self._tensors = TensorLimits(contract, limits)
        self._fast = FastReaders(contract, valid, length)
        self._faults = FaultFinder(contract, self.schema, valid, limits)
        self._column_faults: ColumnFaultFinder | None = None
        if not is_open:
            self._column_faults = ColumnFaultFinder(contract, self.schema, valid)
        self._is_ignoring = contract.unknown_fields == "ignore" and not is_open
        self._checks = {feature.name: NoveltyCheck(feature) for feature in features}
        self._arrays = ArrayMaker(contract)
        self._array_checks = ArrayChecks(() if is_open else features, valid)
        per_instance = CONTAINERS_PER_INSTANCE * limits.max_instances
        least = max(per_instance, MIN_CONTAINERS)
        self._max_containers = least + self._tensors.max_lists

    def load(self, body: bytes) -> Instances:
        """Read the body of a request. Raises what decode and validate raise."""
        return self.validate(self.decode(body))

    def decode(self, body: bytes) -> Document:
        """Decode JSON and count its instances.

        Raises MalformedJsonError or TooManyInstancesError.
        """
        if self.contract.table != "tensors":
            return self._decode(body)
        self.check_containers(body)
        with pausing_collector():
            return self._decode(body)

    def _decode(self, body: bytes) -> Document:
        if document := self._fast.read(body, self.limits.max_instances):
            return document
        self.check_containers(body)
        content = decode(body)
        place = place_in_column if self._comes_by_column(content) else None
        count = count_instances(content, self._checks, by_column=place is not None)
        self._check_count(count)
        check_keys(content, body)
        if self._is_positional and not place:
            name_values(content, [*self._checks])
        if self._bare_name and type(content) is dict and INSTANCES in content:
            content[INSTANCES] = name_tensors(content[INSTANCES], self._bare_name)
        root = COLUMNS if place else INSTANCES
        return Document(count, content=content, place=place, root=root)

    def read_columns(
        self, columns: Mapping[str, Any], place: Place, root: str
    ) -> Document:
        """Return the document of columns that came in another form than JSON.

        `place` and `root` name what is wrong as the caller wrote it. Raises
        TooManyInstancesError, or ContractViolationError where no columns are taken.
        """
        if self._column_faults is None:
            raise ContractViolationError((Remark(root, NO_COLUMNS_HERE),), Counter())
        count = count_rows(columns, self._checks)
        self._check_count(count)
        content: dict[str, Any] = {COLUMNS: columns}
        if has_arrays(columns):
            if valid := self._array_checks.read(columns):
                return Document(count, valid, content=content, place=place, root=root)
            content = {COLUMNS: list_arrays(columns)}
        found, is_known = self._fast.convert(content[COLUMNS])
        return Document(count, found, is_known, content, place, root)

    def _check_count(self, count: int) -> None:
        most = self.limits.max_instances
        if count > most:
            raise TooManyInstancesError(
                f"{count} instances are more than the {most} that one request may hold."
            )

    def check_containers(self, body: bytes) -> None:
        """Raise TooManyInstancesError where decoding a body would take much memory."""
        self._tensors.check_body(body)
        if holds_more_containers(body, self._max_containers):
            raise TooManyInstancesError(
                f"The body holds over {self._max_containers} objects and lists, and one"
                f" request may hold {self.limits.max_instances} instances."
            )

    def _comes_by_column(self, content: Any) -> bool:
        is_object = type(content) is dict and INSTANCES not in content
        return is_object and COLUMNS in content and self._column_faults is not None

    def validate(self, document: Document) -> Instances:
        """Validate a document, and list the values that training did not see.

        Raises ContractViolationError, which names every place, up to the limit.
        """
        columns = self._arrays.make(document.columns or self._read_valid(document))
        self._tensors.check(columns)
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
        remarks = [Remark(fault.path, fault.violation) for fault in found]
        if next(faults, None):  # how many is not worth the time
            remarks.append(Remark(document.root, "and more"))
        kinds: Any = ((fault.field, fault.violation.kind) for fault in found)
        raise ContractViolationError(tuple(remarks), Counter(kinds))

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
