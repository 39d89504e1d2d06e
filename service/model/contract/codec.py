"""Bytes to instances and back, by the contract: the only way in and out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from service.model.contract.checks import Column
from service.model.contract.fast_columns import FastColumns
from service.model.contract.fast_row import FastRow
from service.model.contract.faults import MAX_NAME, FaultFinder, join_columns
from service.model.contract.features import Contract
from service.model.contract.instances import Instances
from service.model.contract.novelty import Notice, NoveltyCheck
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import compile_schema
from service.model.contract.strict_json import (
    check_keys,
    decode,
    holds_more_containers,
)
from service.model.errors import (
    ContractViolationError,
    Remark,
    TooManyInstancesError,
)

# How many objects and lists a body may hold for each instance, so that ignored fields
# may hold some, and in any case. Each takes up to 90 times as much memory as its two
# bytes: 8 MiB of them took 390 MB and two seconds.
CONTAINERS_PER_INSTANCE = 16
MIN_CONTAINERS = 100_000

IGNORED = "is not a feature of this model and was ignored"


class Document(msgspec.Struct, frozen=True):
    """What a body holds, and how many instances, before anything else is known."""

    content: Any
    count: int


class Codec:
    """Reads requests by a contract, within bounds."""

    def __init__(self, contract: Contract, bounds: RequestLimits) -> None:
        self.contract = contract
        self.bounds = bounds
        self.schema = compile_schema(contract, bounds)
        self._reader = FastColumns(contract, bounds.max_string_length)
        self._row_reader = FastRow(contract, bounds.max_string_length)
        self._faults = FaultFinder(contract, self.schema, self._reader, bounds)
        self._names = frozenset(feature.name for feature in contract.features)
        self._watches = [NoveltyCheck(feature) for feature in contract.features]
        per_instance = CONTAINERS_PER_INSTANCE * bounds.max_instances
        self._max_containers = max(per_instance, MIN_CONTAINERS)

    def load(self, body: bytes) -> Instances:
        """Read the body of a request. Raises what the two steps of it raise."""
        return self.validate(self.decode(body))

    def decode(self, body: bytes) -> Document:
        """Read JSON and count its instances, which costs little beside validating them.

        Raises MalformedJsonError or TooManyInstancesError.
        """
        most = self.bounds.max_instances
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
        return Document(content, count)

    def validate(self, document: Document) -> Instances:
        """Hold a document against the contract.

        Raises ContractViolationError, which names every place, up to the bound.
        """
        content = document.content
        is_bare = document.count > 0 and len(content) == 1
        rows: Any = content["instances"] if is_bare else None
        columns = self._row_reader.read(rows)
        if columns is not None:
            return Instances(columns, 1)
        columns = self._reader.read(rows)
        if columns is None:
            columns = self._find_faults(content)
        noticed: Counter[tuple[str, Notice]] = Counter()
        warnings = self._find_warnings(rows, columns, noticed)
        return Instances(columns, document.count, warnings, noticed)

    def _find_faults(self, content: Any) -> tuple[Column, ...]:
        """Return the columns of a document without faults, or say what is wrong."""
        parts: list[Sequence[Column]] = []
        faults = self._faults.find(content, parts)
        found = list(islice(faults, self.bounds.max_errors))
        if not found:
            return join_columns(parts)
        remarks = [Remark(fault.path, fault.violation) for fault in found]
        if next(faults, None):  # how many is not worth the time
            remarks.append(Remark("instances", "and more"))
        kinds: Any = ((fault.field, fault.violation.kind) for fault in found)
        raise ContractViolationError(tuple(remarks), Counter(kinds))

    def _find_warnings(
        self,
        rows: list[dict[str, Any]],
        columns: tuple[Column, ...],
        noticed: Counter[tuple[str, Notice]],
    ) -> tuple[Remark, ...]:
        """Say what is let through; the last remark says how many were left out."""
        found = self._iterate_warnings(rows, columns, noticed)
        kept = [
            Remark(f"instances[{index}].{name}", message)
            for index, name, message in islice(found, self.bounds.max_errors)
        ]
        dropped = sum(1 for _ in found)
        if dropped:
            kept.append(Remark("instances", f"and {dropped} more"))
        return tuple(kept)

    def _iterate_warnings(
        self,
        rows: list[dict[str, Any]],
        columns: tuple[Column, ...],
        noticed: Counter[tuple[str, Notice]],
    ) -> Iterator[tuple[int, str, str]]:
        for feature, watch, values in zip(
            self.contract.features, self._watches, columns, strict=True
        ):
            found = list(watch.notice(values))
            for notice, count in Counter(map(itemgetter(1), found)).items():
                noticed[feature.name, notice] = count
            for index, notice in found:
                yield index, feature.name, watch.messages[notice]
        if self.contract.unknown_fields == "ignore":
            for index, row in enumerate(rows):
                for name in row:
                    if name not in self._names:
                        yield index, name[:MAX_NAME], IGNORED
