"""What is wrong with a request, in marshmallow's words, and no more than is named.

marshmallow is the contract, and takes from 30 to 100 microseconds an instance. So
columns look for the wrong instances, and marshmallow is asked about those alone, one
after the other, until enough has been found.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from marshmallow import ValidationError

from service.model.contract.checks import Column
from service.model.contract.fast_columns import FastColumns
from service.model.contract.features import Contract
from service.model.contract.request_limits import RequestLimits
from service.model.contract.schema import RequestSchema
from service.model.contract.violations import Violation

# The length at which a field name out of a request is cut before it is repeated.
MAX_NAME = 64

# The fields of what concerns no feature, in counts: a caller may make up any number.
BODY = "(body)"
UNKNOWN = "(unknown)"

INSTANCES = frozenset(["instances"])

# To find a wrong row in a piece costs as much as to read the piece once or twice more,
# so that 100 in 10,000 rows cost less than reading all of them again. A call costs as
# much as some ten rows: much smaller pieces would take longer where nothing is wrong.
ROWS_OF_PIECE = 64


class Fault(NamedTuple):
    """A violation, its place, and the field under which it is counted."""

    field: str
    path: str
    violation: Violation


class FaultFinder:
    """Finds what is wrong with a request, in order, as far as anybody wants to know."""

    def __init__(
        self,
        contract: Contract,
        schema: RequestSchema,
        reader: FastColumns,
        bounds: RequestLimits,
    ) -> None:
        self._schema = schema
        instances: Any = schema.load_fields["instances"]
        self._instance = instances.inner
        self._reader = reader
        self._names = frozenset(feature.name for feature in contract.features)
        self._width = len(contract.features)
        self._max_errors = bounds.max_errors

    def find(self, document: Any, parts: list[Sequence[Column]]) -> Iterator[Fault]:
        """Yield the faults of a document; add the columns of good rows to `parts`."""
        if isinstance(document, dict):
            document = self._shorten(document, INSTANCES)
            rows = document.get("instances")
            if isinstance(rows, list) and rows:
                for start in range(0, len(rows), ROWS_OF_PIECE):
                    piece = rows[start : start + ROWS_OF_PIECE]
                    yield from self._find_in_rows(piece, start, parts)
                others = {k: v for k, v in document.items() if k not in INSTANCES}
                messages = self._schema.validate(others, partial=INSTANCES)
                yield from self._word(messages, others, "")
                return
        yield from self._word(self._schema.validate(document), document, "")

    def _find_in_rows(
        self, rows: list[Any], start: int, parts: list[Sequence[Column]]
    ) -> Iterator[Fault]:
        place, size = 0, len(rows)
        while place < len(rows):
            asked = rows[place : place + size]
            columns, count = self._reader.read_good(asked)
            parts.append(columns)
            place += count
            if count == len(asked):
                size *= 2
            else:
                yield from self._find_in_row(rows[place], start + place, parts)
                place += 1
                size = 1  # behind a wrong row there is often another

    def _find_in_row(
        self, row: Any, index: int, parts: list[Sequence[Column]]
    ) -> Iterator[Fault]:
        """Let marshmallow decide about a row of which columns are not sure."""
        if isinstance(row, dict):
            row = self._shorten(row, self._names)
        try:
            loaded = self._instance.deserialize(row)
        except ValidationError as error:
            yield from self._word(error.messages, row, f"instances[{index}]")
        else:
            parts.append([[loaded[f"f{i}"]] for i in range(self._width)])

    def _shorten(self, part: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
        """Leave out the unknown keys after those that are named, and one more."""
        if len(part) <= len(known) + self._max_errors:
            return part
        unknown = (key for key in part if key not in known)
        kept = {*known, *islice(unknown, self._max_errors + 1)}
        return {key: value for key, value in part.items() if key in kept}

    def _word(
        self, messages: Any, part: Any, path: str, field: str = BODY
    ) -> Iterator[Fault]:
        """Turn marshmallow's messages on a part of a request into faults, in order."""
        if not isinstance(messages, Mapping):
            for message in messages:
                yield Fault(field, path or "body", message)
        elif not isinstance(part, dict):  # marshmallow's own "_schema"
            for below in messages.values():
                yield from self._word(below, part, path)
        else:
            known = self._names if path else INSTANCES
            for key in _sort(messages, part, known):
                is_feature = key in self._names
                place = name = key if is_feature else key[:MAX_NAME]
                field = BODY
                if path:
                    place, field = f"{path}.{name}", name if is_feature else UNKNOWN
                yield from self._word(messages[key], part.get(key), place, field)


def _sort(
    messages: Mapping[str, Any], part: Mapping[str, Any], known: frozenset[str]
) -> list[str]:
    """Return the keys with messages: the known ones first, then as they came.

    marshmallow has the others in the order of a set, which no two workers share.
    """
    return [
        *(key for key in messages if key in known),
        *(key for key in part if key in messages and key not in known),
    ]


def join_columns(parts: Sequence[Sequence[Column]]) -> tuple[Column, ...]:
    """Return the columns of all parts, one after the other."""
    return tuple(
        [value for column in columns for value in column]
        for columns in zip(*parts, strict=True)
    )
