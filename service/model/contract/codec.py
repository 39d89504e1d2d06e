"""Requests to instances: bytes are decoded, validated, and compared with training."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from service.model.contract.fast_path import BodyReader, Columns, is_decodable
from service.model.contract.faults import MAX_NAME, FaultFinder, join_columns
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.novelty import Novelty, NoveltyCheck, compile_known
from service.model.contract.positional_rows import name_values, takes_positions
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import compile_schema
from service.model.contract.strict_json import (
    check_keys,
    decode,
    holds_more_containers,
)
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

IGNORED = "is not a feature of this model and was ignored"

Novelties = Counter[tuple[str, Novelty]]


class Document(msgspec.Struct, frozen=True):
    """A decoded body and the number of its instances, to be validated.

    `columns` are set if the fast path has read them, and found them valid; `is_known`
    if training saw all their values. Otherwise `content` is the JSON document.
    """

    count: int
    columns: Columns | None = None
    is_known: bool = False
    content: Any = None


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
        self._readers: list[tuple[BodyReader, bool]] = []
        self._is_positional = takes_positions(contract)
        forms = [True] if self._is_positional else []
        forms += [False] if not is_open and is_decodable(contract) else []
        known = [compile_known(each, length) for each in features] if forms else []
        for types, is_known in ((known, True), (valid, False)):
            for by_position in forms:
                reader = BodyReader(contract, types, by_position=by_position)
                self._readers.append((reader, is_known))
        self._faults = FaultFinder(contract, self.schema, valid, limits)
        self._is_ignoring = contract.unknown_fields == "ignore" and not is_open
        self._checks = {feature.name: NoveltyCheck(feature) for feature in features}
        per_instance = CONTAINERS_PER_INSTANCE * limits.max_instances
        self._max_containers = max(per_instance, MIN_CONTAINERS)

    def load(self, body: bytes) -> Instances:
        """Read the body of a request. Raises what decode and validate raise."""
        return self.validate(self.decode(body))

    def decode(self, body: bytes) -> Document:
        """Decode JSON and count its instances.

        Raises MalformedJsonError or TooManyInstancesError.
        """
        most = self.limits.max_instances
        for reader, is_known in self._readers:
            columns = reader.read(body)
            if columns and len(columns[0]) <= most:
                return Document(len(columns[0]), columns, is_known)
        if holds_more_containers(body, self._max_containers):
            raise TooManyInstancesError(
                f"The body holds over {self._max_containers} objects and lists, and one"
                f" request may hold {most} instances."
            )
        content = decode(body)
        rows = content.get("instances") if isinstance(content, dict) else None
        count = len(rows) if isinstance(rows, list) else 0
        if count > most:
            raise TooManyInstancesError(
                f"{count} instances are more than the {most} that one request may hold."
            )
        check_keys(content, body)
        if self._is_positional:
            name_values(content, [*self._checks])
        return Document(count, content=content)

    def validate(self, document: Document) -> Instances:
        """Validate a document, and list the values that training did not see.

        Raises ContractViolationError, which names every place, up to the limit.
        """
        columns = document.columns or self._read_valid(document.content)
        if document.is_known:
            return Instances(columns, document.count)
        novelties: Novelties = Counter()
        found = self._iterate_warnings(document, columns, novelties)
        warnings = [
            Remark(f"instances[{index}].{name}", message)
            for index, name, message in islice(found, self.limits.max_errors)
        ]
        more = sum(1 for _ in found)
        if more:
            warnings.append(Remark("instances", f"and {more} more"))
        return Instances(columns, document.count, tuple(warnings), novelties)

    def _read_valid(self, content: Any) -> Columns:
        """Return the columns of a document. Raises ContractViolationError."""
        parts: list[Columns] = []
        faults = self._faults.find(content, parts)
        found = list(islice(faults, self.limits.max_errors))
        if not found:
            return join_columns(parts)
        remarks = [Remark(fault.path, fault.violation) for fault in found]
        if next(faults, None):  # how many is not worth the time
            remarks.append(Remark("instances", "and more"))
        kinds: Any = ((fault.field, fault.violation.kind) for fault in found)
        raise ContractViolationError(tuple(remarks), Counter(kinds))

    def _iterate_warnings(
        self, document: Document, columns: Columns, novelties: Novelties
    ) -> Iterator[tuple[int, str, str]]:
        """Yield index, field and message of what is let through, and count it."""
        for (name, check), values in zip(self._checks.items(), columns, strict=True):
            for index, novelty in check.find(values):
                novelties[name, novelty] += 1
                yield index, name, check.messages[novelty]
        if document.content and self._is_ignoring:
            for index, row in enumerate(document.content["instances"]):
                for name in row:
                    if name not in self._checks:
                        yield index, name[:MAX_NAME], IGNORED
