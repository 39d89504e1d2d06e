"""Bytes to instances and back, by the contract: the only way in and out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from service.model.columns import ColumnReader
from service.model.contract import Contract, Feature
from service.model.errors import (
    ContractViolationError,
    Remark,
    TooManyInstancesError,
)
from service.model.instances import Instances
from service.model.rows import RowReader
from service.model.schema import compile_schema
from service.model.strictjson import decode
from service.model.tables import read_timestamp

# More remarks than this help nobody, and would let a small request ask for a huge
# answer; the last one says how many were left out.
MAX_REMARKS = 100

# The length at which a field name out of a request is cut before it is repeated.
MAX_NAME = 64


class Codec:
    """Reads requests of up to `max_instances` by a contract."""

    def __init__(self, contract: Contract, max_instances: int) -> None:
        self.contract = contract
        self.max_instances = max_instances
        self.schema = compile_schema(contract, max_instances)
        self._reader = ColumnReader(contract)
        self._row_reader = RowReader(contract)
        self._names = frozenset(feature.name for feature in contract.features)
        self._watches = [_Watch(feature) for feature in contract.features]

    def load(self, body: bytes) -> Instances:
        """Read the body of a request.

        Raises MalformedJsonError, TooManyInstancesError, or ContractViolationError,
        which names every place.
        """
        document = decode(body)
        is_object = isinstance(document, dict)
        rows = document.get("instances") if is_object else None
        if isinstance(rows, list) and len(rows) > self.max_instances:
            raise TooManyInstancesError(
                f"{len(rows)} instances are more than the {self.max_instances} that"
                " one request may hold."
            )
        is_bare = is_object and len(document) == 1
        columns = self._row_reader.read(rows) if is_bare else None
        if columns is not None:
            return Instances(columns, 1)
        columns = self._reader.read(rows) if is_bare else None
        if columns is None:
            columns = self._validate(document)
        warnings = _cut(self._iterate_warnings(rows or [], columns))
        return Instances(columns, len(columns[0]), warnings)

    def _validate(self, document: Any) -> tuple[Sequence[Any], ...]:
        """Let marshmallow decide, and say what is wrong."""
        try:
            loaded = self.schema.load(document)["instances"]
        except ValidationError as error:
            raise ContractViolationError(
                _cut(self._iterate_errors(error.messages, document, ""))
            ) from None
        return tuple(
            [row[f"f{i}"] for row in loaded] for i in range(len(self._watches))
        )

    def _iterate_errors(self, messages: Any, part: Any, path: str) -> Iterator[Remark]:
        """Turn marshmallow's messages on a part of a request into remarks, in order."""
        if not isinstance(messages, Mapping):
            yield from (Remark(path or "body", str(message)) for message in messages)
            return
        for key, below in messages.items():
            if isinstance(key, int):
                yield from self._iterate_errors(below, part[key], f"{path}[{key}]")
            elif isinstance(part, dict):
                name = key if key in self._names else str(key)[:MAX_NAME]
                place = f"{path}.{name}" if path else name
                yield from self._iterate_errors(below, part.get(key), place)
            else:  # marshmallow's own "_schema": the part is no object
                yield from self._iterate_errors(below, part, path)

    def _iterate_warnings(
        self, rows: list[dict[str, Any]], columns: tuple[Sequence[Any], ...]
    ) -> Iterator[Remark]:
        for feature, watch, values in zip(
            self.contract.features, self._watches, columns, strict=True
        ):
            for index, message in watch.notice(values):
                yield Remark(f"instances[{index}].{feature.name}", message)
        if self.contract.unknown_fields == "ignore":
            for index, row in enumerate(rows):
                for name in row.keys() - self._names:
                    yield Remark(
                        f"instances[{index}].{name[:MAX_NAME]}",
                        "is not a feature of this model and was ignored",
                    )


class _Watch:
    """Notices the values of one feature that training did not see."""

    def __init__(self, feature: Feature) -> None:
        observed = feature.observed
        self.minimum: Any = observed.minimum
        self.maximum: Any = observed.maximum
        if feature.type == "date-time" and observed.minimum is not None:
            self.minimum = read_timestamp(str(observed.minimum), feature.storage.dtype)
            self.maximum = read_timestamp(str(observed.maximum), feature.storage.dtype)
        self.range_message = (
            "is outside the range observed in training,"
            f" {observed.minimum} to {observed.maximum}"
        )
        self.categories = (
            None if observed.categories is None else frozenset(observed.categories)
        )
        self.is_null_new = not observed.nulls
        self.quiet = frozenset(
            [*(observed.categories or ()), *([None] if observed.nulls else [])]
        )

    def notice(self, values: Sequence[Any]) -> Iterator[tuple[int, str]]:
        """Yield the index of each such value, and what to say of it."""
        if self._is_quiet(values):
            return
        for index, value in enumerate(values):
            if value is None:
                if self.is_null_new:
                    yield index, "is null, which was not observed in training"
            elif self.categories is not None:
                if value not in self.categories:
                    yield index, "is a category that was not observed in training"
            elif self.minimum is not None and not self.minimum <= value <= self.maximum:
                yield index, self.range_message

    def _is_quiet(self, values: Sequence[Any]) -> bool:
        """Say whether there is nothing to notice, in a few passes of C."""
        if self.categories is not None:
            return self.quiet.issuperset(values)
        if None in values:
            return False
        return self.minimum is None or bool(
            self.minimum <= min(values) and max(values) <= self.maximum
        )


def _cut(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    kept: list[Remark] = []
    dropped = 0
    for remark in remarks:
        if len(kept) < MAX_REMARKS:
            kept.append(remark)
        else:
            dropped += 1
    if dropped:
        kept.append(Remark("instances", f"and {dropped} more"))
    return tuple(kept)
