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
from service.model.schema import compile_schema
from service.model.strictjson import decode
from service.model.tables import fits_unit

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
        columns = self._reader.read(rows) if is_object and len(document) == 1 else None
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
                _cut(_iterate_errors(error.messages, ""))
            ) from None
        return tuple(
            [row[f"f{i}"] for row in loaded] for i in range(len(self._watches))
        )

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
            self.minimum = fits_unit(str(observed.minimum), feature.storage.dtype)
            self.maximum = fits_unit(str(observed.maximum), feature.storage.dtype)
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


def _iterate_errors(messages: Any, path: str) -> Iterator[Remark]:
    """Turn marshmallow's tree of messages into remarks, in the request's order."""
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _iterate_errors(below, _extend(path, key))
        return
    for message in messages:
        yield Remark(path or "body", str(message))


def _extend(path: str, key: object) -> str:
    if key == "_schema":
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = str(key)[:MAX_NAME]
    return f"{path}.{name}" if path else name


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
