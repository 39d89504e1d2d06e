"""The fast path: columns of good values, read and checked in C.

marshmallow is the contract and writes the errors, at some 30 microseconds an instance;
this takes less than one. Where it says no, which may only mean that it is not sure,
marshmallow decides.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from service.model.contract.features import Contract
from service.model.contract.strict_json import has_keys
from service.model.contract.value_types import Column, ValueType, convert_floats

Columns = tuple[Column, ...]

# msgspec looks for a key behind the one before it. Where keys come in another order
# than the contract's, each takes as long as there are features: of 128, up to ten
# times as long as with orjson, and of 1,000 up to 35 times.
MAX_FIELDS = 128


class BodyReader:
    """Reads bodies whose rows have each feature once, and nothing else."""

    def __init__(self, contract: Contract, types: Sequence[ValueType]) -> None:
        """Compile a decoder. Raises ValueError for a name that JSON has to escape."""
        self._width = len(types)
        self._read_columns = _compile_columns(types)
        fields = [(f"f{i}", each.annotation) for i, each in enumerate(types)]
        names = {f"f{i}": each.name for i, each in enumerate(contract.features)}
        options: Any = {"forbid_unknown_fields": True, "gc": False}
        row: Any = msgspec.defstruct("Row", fields, rename=names, **options)
        request = msgspec.defstruct("Request", [("instances", list[row])], **options)
        self._decode: Any = msgspec.json.Decoder(request).decode

    def read(self, body: bytes) -> Columns | None:
        """Return the columns of a request, or None."""
        try:
            rows = self._decode(body).instances
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if not has_keys(body, 1 + self._width * len(rows)):
            return None
        return self._read_columns(rows)


class RowReader:
    """Reads rows as JSON has them, also those with defaults or fields to ignore."""

    def __init__(self, contract: Contract, types: Sequence[ValueType]) -> None:
        self._read_columns = _compile_columns(types)
        values = [(f"f{i}", each.annotation) for i, each in enumerate(types)]
        row: Any = msgspec.defstruct("Row", values, array_like=True, gc=False)
        # A struct, as msgspec prepares it once, and other types at each conversion.
        self._table = msgspec.defstruct("Table", [("rows", list[row])], array_like=True)
        names = [feature.name for feature in contract.features]
        self._names = frozenset(names)
        get: Any = itemgetter(*names)
        self._get = get if len(names) > 1 else lambda row: (get(row),)
        self._defaults = {
            f.name: f.default for f in contract.features if not f.required
        }
        self._is_ignoring = contract.unknown_fields == "ignore"

    def read(self, rows: list[Any]) -> Columns | None:
        """Return the columns of rows, or None."""
        if set(map(type, rows)) != {dict}:
            return None
        try:
            if set(map(len, rows)) == {len(self._names)}:
                values = [*map(self._get, rows)]
            elif self._defaults or self._is_ignoring:
                values = [self._get(self._defaults | row) for row in rows]
                if not (self._is_ignoring or all(map(self._names.issuperset, rows))):
                    return None
            else:
                return None
            table: Any = msgspec.convert((values,), self._table)
        except (KeyError, msgspec.ValidationError):
            return None
        return self._read_columns(table.rows)


def compile_body_reader(
    contract: Contract, types: Sequence[ValueType]
) -> BodyReader | None:
    """Compile a reader of bodies, where msgspec can decode them, and fast."""
    if len(types) > MAX_FIELDS:
        return None
    try:
        return BodyReader(contract, types)
    except ValueError:
        return None


def _compile_columns(types: Sequence[ValueType]) -> Callable[[Any], Columns | None]:
    """Compile what turns rows, as structs, into columns that are ready to predict."""
    finishes = [(i, each.finish) for i, each in enumerate(types) if each.finish]
    integers = [i for i, finish in finishes if finish is convert_floats]
    usual = [(i, finish) for i, finish in finishes if finish is not convert_floats]

    def read_columns(rows: list[msgspec.Struct]) -> Columns | None:
        columns: list[Any] = [*zip(*map(astuple, rows), strict=True)]
        if not columns:
            return None
        # All integers at once: a lone row has no time to look at each.
        values = chain.from_iterable([columns[i] for i in integers])
        for index, finish in finishes if float in map(type, values) else usual:
            columns[index] = finish(columns[index])
            if columns[index] is None:
                return None
        return tuple(columns)

    return read_columns
