"""The fast path: columns of valid values, decoded and checked in C.

marshmallow decides and writes the errors, at some 30 microseconds an instance; this
takes less than one. A reader that returns None may just not be sure.
"""

import re
from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from service.model.contract.features import Contract
from service.model.contract.strict_json import has_no_more_keys
from service.model.contract.value_types import Column, ValueType, convert_floats

Columns = tuple[Column, ...]

# msgspec searches the fields from the last one found, so keys in another order than the
# contract's cost time in proportion to their number: with 128 features, up to ten times
# as long as orjson, and with 1,000 up to 35 times.
MAX_FIELDS = 128

# The characters of a name that JSON has to escape, which msgspec does not support.
ESCAPED = re.compile(r'["\\\x00-\x1f]')


def is_decodable(contract: Contract) -> bool:
    """Return True if msgspec can decode requests by a contract, and fast."""
    names = [feature.name for feature in contract.features]
    return len(names) <= MAX_FIELDS and not any(map(ESCAPED.search, names))


class BodyReader:
    """Reads bodies whose rows have every feature once and nothing else.

    They are objects, or lists of values in the contract's order.
    """

    def __init__(
        self,
        contract: Contract,
        types: Sequence[ValueType],
        *,
        by_position: bool = False,
    ) -> None:
        self._keys_of_row = 0 if by_position else len(types)
        self._read_columns = _compile_columns(types)
        fields = [(f"f{i}", each.annotation) for i, each in enumerate(types)]
        names = {f"f{i}": each.name for i, each in enumerate(contract.features)}
        options: Any = {"forbid_unknown_fields": True, "gc": False}
        form: Any = {"array_like": True} if by_position else {"rename": names}
        row: Any = msgspec.defstruct("Row", fields, **form, **options)
        request = msgspec.defstruct("Request", [("instances", list[row])], **options)
        self._decode: Any = msgspec.json.Decoder(request).decode

    def read(self, body: bytes) -> Columns | None:
        """Return the columns of a request, or None."""
        try:
            rows = self._decode(body).instances
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        # Of duplicate keys, msgspec keeps the last.
        is_exact = has_no_more_keys(body, 1 + self._keys_of_row * len(rows))
        return self._read_columns(rows) if is_exact else None


class RowReader:
    """Reads rows that orjson decoded; adds defaults, and drops fields to ignore."""

    def __init__(self, contract: Contract, types: Sequence[ValueType]) -> None:
        self._read_columns = _compile_columns(types)
        values = [(f"f{i}", each.annotation) for i, each in enumerate(types)]
        row: Any = msgspec.defstruct("Row", values, array_like=True, gc=False)
        # msgspec prepares a struct once, and any other type at each conversion.
        self._table = msgspec.defstruct("Table", [("rows", list[row])], array_like=True)
        names = [feature.name for feature in contract.features]
        self._names = frozenset(names)
        get: Any = itemgetter(*names)
        self._get = get if len(names) > 1 else lambda row: (get(row),)
        optional = [each for each in contract.features if not each.required]
        self._defaults = {each.name: each.default for each in optional}
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


def _compile_columns(types: Sequence[ValueType]) -> Callable[[Any], Columns | None]:
    """Compile what turns rows, as structs, into columns that are ready to predict."""
    finishes = [(i, each.finish) for i, each in enumerate(types) if each.finish]
    integers = [i for i, finish in finishes if finish is convert_floats]
    usual = [(i, finish) for i, finish in finishes if finish is not convert_floats]

    def read_columns(rows: list[msgspec.Struct]) -> Columns | None:
        columns: list[Any] = [*zip(*map(astuple, rows), strict=True)]
        if not columns:
            return None
        # All integers at once: column by column would take as long for a single row as
        # decoding it.
        values = chain.from_iterable([columns[i] for i in integers])
        for index, finish in finishes if float in map(type, values) else usual:
            columns[index] = finish(columns[index])
            if columns[index] is None:
                return None
        return tuple(columns)

    return read_columns
