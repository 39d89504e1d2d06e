"""Bytes to instances and back, by the contract: the only way in and out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from marshmallow import ValidationError

from service.model.bounds import Bounds
from service.model.columns import ColumnReader
from service.model.contract import Contract
from service.model.errors import (
    ContractViolationError,
    Remark,
    TooManyInstancesError,
)
from service.model.instances import Instances
from service.model.rows import RowReader
from service.model.schema import compile_schema, find_violation
from service.model.strictjson import check_depth, decode
from service.model.watch import Notice, Watch

# The length at which a field name out of a request is cut before it is repeated.
MAX_NAME = 64

# The fields of what concerns no feature, in counts: a caller may make up any number.
BODY = "(body)"
UNKNOWN = "(unknown)"


class Codec:
    """Reads requests by a contract, within bounds."""

    def __init__(self, contract: Contract, bounds: Bounds) -> None:
        self.contract = contract
        self.bounds = bounds
        self.schema = compile_schema(contract, bounds)
        self._reader = ColumnReader(contract, bounds.max_string_length)
        self._row_reader = RowReader(contract, bounds.max_string_length)
        self._names = frozenset(feature.name for feature in contract.features)
        self._watches = [Watch(feature) for feature in contract.features]

    def load(self, body: bytes) -> Instances:
        """Read the body of a request.

        Raises MalformedJsonError, TooManyInstancesError, or ContractViolationError,
        which names every place.
        """
        document = decode(body)
        is_object = isinstance(document, dict)
        rows = document.get("instances") if is_object else None
        if isinstance(rows, list) and len(rows) > self.bounds.max_instances:
            raise TooManyInstancesError(
                f"{len(rows)} instances are more than the {self.bounds.max_instances}"
                " that one request may hold."
            )
        is_bare = is_object and len(document) == 1
        columns = self._row_reader.read(rows) if is_bare else None
        if columns is not None:
            return Instances(columns, 1)
        columns = self._reader.read(rows) if is_bare else None
        if columns is None:  # else it has three levels, as every good request has
            check_depth(document, self.bounds.max_json_depth)
            columns = self._validate(document)
        noticed: Counter[tuple[str, Notice]] = Counter()
        warnings = self._cut(self._iterate_warnings(rows or [], columns, noticed))
        return Instances(columns, len(columns[0]), warnings, noticed)

    def _validate(self, document: Any) -> tuple[Sequence[Any], ...]:
        """Let marshmallow decide, and say what is wrong."""
        try:
            loaded = self.schema.load(document)["instances"]
        except ValidationError as error:
            counts: Counter[tuple[str, str]] = Counter()
            remarks = self._iterate_errors(error.messages, document, "", counts)
            raise ContractViolationError(self._cut(remarks), counts) from None
        return tuple(
            [row[f"f{i}"] for row in loaded] for i in range(len(self._watches))
        )

    def _iterate_errors(
        self,
        messages: Any,
        part: Any,
        path: str,
        counts: Counter[tuple[str, str]],
        field: str = BODY,
    ) -> Iterator[Remark]:
        """Turn marshmallow's messages on a part of a request into remarks, in order."""
        if not isinstance(messages, Mapping):
            for message in messages:
                counts[field, find_violation(message)] += 1
                yield Remark(path or "body", message)
            return
        for key, below in messages.items():
            if isinstance(key, int):
                yield from self._iterate_errors(
                    below, part[key], f"{path}[{key}]", counts
                )
            elif isinstance(part, dict):
                is_known = key in self._names
                name = key if is_known else str(key)[:MAX_NAME]
                place, field = f"{path}.{name}", name if is_known else UNKNOWN
                if not path:
                    place, field = name, BODY
                yield from self._iterate_errors(
                    below, part.get(key), place, counts, field
                )
            else:  # marshmallow's own "_schema": the part is no object
                yield from self._iterate_errors(below, part, path, counts)

    def _iterate_warnings(
        self,
        rows: list[dict[str, Any]],
        columns: tuple[Sequence[Any], ...],
        noticed: Counter[tuple[str, Notice]],
    ) -> Iterator[Remark]:
        for feature, watch, values in zip(
            self.contract.features, self._watches, columns, strict=True
        ):
            for index, notice in watch.notice(values):
                noticed[feature.name, notice] += 1
                yield Remark(
                    f"instances[{index}].{feature.name}", watch.messages[notice]
                )
        if self.contract.unknown_fields == "ignore":
            for index, row in enumerate(rows):
                for name in row.keys() - self._names:
                    yield Remark(
                        f"instances[{index}].{name[:MAX_NAME]}",
                        "is not a feature of this model and was ignored",
                    )

    def _cut(self, remarks: Iterable[Remark]) -> tuple[Remark, ...]:
        """Keep as many as help; the last one says how many were left out."""
        remaining = iter(remarks)
        kept = list(islice(remaining, self.bounds.max_errors))
        dropped = sum(1 for _ in remaining)
        if dropped:
            kept.append(Remark("instances", f"and {dropped} more"))
        return tuple(kept)
