"""What the fast path accepts, marshmallow accepts as the same, to the last bit."""

import json
import math
from functools import cache
from typing import Any

import pandas as pd
import pytest
from contracts import FEATURES, NARROW, VALUES, make
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from msgspec.structs import replace

from service.model.contract.codec import Codec
from service.model.contract.edges import find_valid_range
from service.model.contract.fast_path import (
    MAX_FIELDS,
    BodyReader,
    Columns,
    RowReader,
    is_decodable,
)
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.novelty import NoveltyCheck, compile_known
from service.model.contract.schema import compile_schema
from service.model.contract.strict_json import check_keys, decode
from service.model.contract.value_types import compile_type
from service.model.errors import MalformedJsonError

NULLS = Observed(nulls=3)
LENGTH = NARROW.max_string_length


def see(least: Any, most: Any, nulls: int = 0) -> Observed:
    return Observed(nulls=nulls, minimum=least, maximum=most)


OBSERVED = [
    make("number", "float64"),
    make("number", "float64", observed=see(-3, 7.5)),
    make("number", "float64", nullable=True, observed=NULLS, minimum=-100),
    make("number", "float32", maximum=10, observed=see(0.0, 1e300)),
    make("number", "float64", minimum=2**53 + 1, observed=see(2.0**53, 2**60)),
    make("number", "float64", maximum=10**400, observed=see(-(10**400), 1.0)),
    make(
        "number",
        "float64",
        categories=(1.0, 2.5, 7.0, 0.0),
        observed=Observed(categories=(1, 2.5)),
    ),
    make("number", "float64", categories=(1.0, 2.5, 7.0), observed=see(1, 7)),
    make("integer", "int8"),
    make("integer", "int64", observed=NULLS),
    make("integer", "int64", nullable=True, observed=see(1, 9)),
    make("integer", "int64", minimum=0.5, maximum=1e15, observed=see(2, 7.5)),
    make("integer", "int8", observed=see(-500, 9)),
    make("integer", "Int64", nullable=True, maximum=50, observed=see(-100.5, 100, 1)),
    make("integer", "uint64", maximum=10, observed=see(0, 2**64 - 1)),
    make("integer", "int64", minimum=2**60),
    make("integer", "int64", minimum=2**64),
    make("integer", "int64", categories=(1, 2, 7.0), minimum=2, nullable=True),
    make("integer", "category", observed=Observed(categories=(1, 2, 9))),
    make("boolean", "bool", observed=Observed(categories=(True,))),
    make("boolean", "bool", nullable=True, observed=NULLS),
    make("boolean", "bool", categories=(False,)),
    make("string", "str", observed=Observed(categories=("a", "b"))),
    make("string", "str", nullable=True, observed=Observed(nulls=1, categories=("a",))),
    make(
        "string",
        "str",
        nullable=True,
        categories=("a", ""),
        observed=Observed(nulls=1, categories=("a", "b")),
    ),
    make("string", "str", observed=Observed(categories=("abc", "long"))),
    make("string", "str", observed=Observed(categories=("long",))),
    make(
        "string",
        "str",
        categories=("abc", "long"),
        observed=Observed(categories=("abc", "long")),
    ),
    make("string", "object"),
    make("string", "U", observed=Observed(categories=("a", "a\0"))),
    make(
        "date-time",
        "datetime64[us]",
        minimum="2024-01-01T00:00:00",
        observed=see("2023-01-01T00:00:00", "2024-02-01T00:00:00"),
    ),
    make(
        "date-time",
        "datetime64[ns, UTC]",
        nullable=True,
        observed=see("2024-01-31T09:30:00+00:00", "2024-01-31T09:30:00.5+00:00"),
    ),
]
# Values that are valid, and that the fast path is not sure of.
UNSURE = [
    make("integer", "uint64", observed=see(0, 2**64 - 1)),
    make("integer", "int64", minimum=0, maximum=1e300, observed=see(2, 7.5)),
    make("integer", "int64", categories=(1, 2**63 - 1, 2**63, 2**70)),
    make("string", "str", observed=see("a", "b")),
]
EDGES: list[Any] = [
    *[None, True, False, 1, 1.0, 2, 2.5, 7, 7.5, 8, 9, 50, 51, 100, 101, 127, 128],
    *[-3, -100, -101, -128, -200, -129, 0, -0.0, 0.5, 30.0, 30.5, -1.0, 5e-324],
    *[2**53, 2**53 + 1, 2.0**53, 2**60, 2**60 + 1, 2**63 - 1, 2**63, 2**64 - 1],
    *[2**64, -(2**63), -(2**63) - 1, 2.0**63, 1e300, 3.4e38, 3.5e38, 2**70],
    *["", "a", "b", "c", "a\0", "abc", "abcd", "long", "\0\0\0\0", "a\0\n", [1], {}],
    *["2024-01-31T09:30:00", "2024-01-31T09:30:00Z", "2024-02-01T00:00:01"],
    *["2023-12-31T23:59:59", "2024-01-31T09:30:00.500000001Z", "2024-02-30T00:00:00"],
    *["2024-01-31T10:30:00+01:00", "9999-12-31T00:00:00", "٢٠٢٤-01-31T09:30:00"],
]


def near(feature: Feature) -> st.SearchStrategy[Any]:
    """Draw values on and about each bound and category of a feature."""
    observed = feature.observed
    bounds: Any = (*find_valid_range(feature), observed.minimum, observed.maximum)
    found: list[Any] = [*(feature.categories or ()), *(observed.categories or ())]
    for bound in bounds:
        if isinstance(bound, pd.Timestamp):
            found += [bound.isoformat(), (bound - pd.Timedelta(1, "ms")).isoformat()]
        elif type(bound) in (int, float) and abs(bound) < 1e308:
            whole, double = int(bound), float(bound)
            found += [bound, whole - 1, whole, whole + 1, double]
            found += [math.nextafter(double, way) for way in (-math.inf, math.inf)]
    return st.sampled_from([*found, *EDGES]) | VALUES


def describe(columns: Any) -> list[list[tuple[type, str, str]]]:
    """Return what tells one value from another: 0.0 from -0.0, and a unit of time."""
    return [
        [(type(v), repr(v), getattr(v, "unit", "")) for v in column]
        for column in columns
    ]


class Readers:
    """All that reads a request by one contract, fast or not."""

    def __init__(self, contract: Contract) -> None:
        self.names = [f"f{i}" for i in range(len(contract.features))]
        self.schema = compile_schema(contract, NARROW)
        self.checks = [NoveltyCheck(feature) for feature in contract.features]
        known = [compile_known(feature, LENGTH) for feature in contract.features]
        valid = [compile_type(feature, LENGTH) for feature in contract.features]
        self.known = self.valid = None
        if is_decodable(contract):
            self.known = BodyReader(contract, known)
            self.valid = BodyReader(contract, valid)
        self.rows = RowReader(contract, valid)

    def ask_marshmallow(self, document: Any) -> Columns | None:
        try:
            loaded = self.schema.load(document)["instances"]
        except ValidationError:
            return None
        return tuple([row[name] for row in loaded] for name in self.names)

    def is_new(self, columns: Columns) -> bool:
        """Return True if a value is new."""
        pairs = zip(self.checks, columns, strict=True)
        return any(True for check, column in pairs for _ in check.find(column))


compile_readers = cache(Readers)


def compare(contract: Contract, body: bytes) -> tuple[bool, bool]:
    """Return whether a body is valid, and whether all fast readers see it.

    One that sees it has what marshmallow has, and that of known values only these.
    """
    readers = compile_readers(contract)
    document = decode(body)
    expected = readers.ask_marshmallow(document)
    is_new = expected is not None and readers.is_new(expected)
    known, valid = (r and r.read(body) for r in (readers.known, readers.valid))
    found = [known, valid, readers.rows.read(document["instances"])]
    for columns in found:
        if columns is not None:
            assert expected is not None
            assert describe(columns) == describe(expected)
    assert known is None or not is_new
    return expected is not None, None not in (found[1:] if is_new else found)


def encode(*rows: Any) -> bytes:
    return json.dumps({"instances": rows}).encode()


@settings(max_examples=500)
@given(feature=st.sampled_from([*FEATURES, *OBSERVED, *UNSURE]), data=st.data())
def test_what_is_accepted_marshmallow_accepts_as_the_same(
    feature: Feature, data: st.DataObject
) -> None:
    values = data.draw(st.lists(near(feature), min_size=1, max_size=4))
    compare(Contract(features=(feature,)), encode(*({"f": each} for each in values)))


@pytest.mark.parametrize("feature", [*FEATURES, *OBSERVED])
def test_what_is_valid_is_seen_to_be(feature: Feature) -> None:
    for value in EDGES:
        is_valid, is_seen = compare(Contract(features=(feature,)), encode({"f": value}))
        assert is_valid == is_seen, value


@pytest.mark.parametrize("feature", UNSURE)
def test_what_it_is_not_sure_of_is_left_to_marshmallow(feature: Feature) -> None:
    contract = Contract(features=(feature,))
    found = [compare(contract, encode({"f": value})) for value in EDGES]
    assert (True, False) in found


NUMBERS = [
    *["-0", "-0.0", "30.0", "3e1", "3E+1", "300e-1", "0.1e1", "1e-400", "1E400"],
    *["9007199254740993", "9007199254740993.0", "18446744073709551616", "-1e400"],
    *["-9223372036854775809", "1" * 400, "0." + "3" * 400, "1.7976931348623158e308"],
    *["2.2250738585072011e-308", "01", "1.", ".5", "+1", "NaN", "Infinity", "0x1"],
]
TEXTS = [
    *['"\\u0061"', '"a\\u0000"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\/"', '"\\x"'],
    *['"\xff"', '"\xed\xa0\x80"', '"\x01"', '"\x7f"', '"a', "'a'", "tru", "nul"],
]


@pytest.mark.parametrize("token", [*NUMBERS, *TEXTS])
def test_a_token_is_read_as_orjson_reads_it(token: str) -> None:
    body = b'{"instances": [{"f": %s}]}' % token.encode("latin-1")
    for feature in (*FEATURES, *OBSERVED):
        assert_read_alike(Contract(features=(feature,)), body)


def assert_read_alike(contract: Contract, body: bytes) -> None:
    """Assert that the fast path reads a body only if it is read without it, too."""
    readers = compile_readers(contract)
    found = [r and r.read(body) for r in (readers.known, readers.valid)]
    try:
        document = decode(body)
        check_keys(document, body)
    except MalformedJsonError:
        assert found == [None, None]
        return
    if found != [None, None]:
        compare(contract, body)


MIXED = Contract(
    features=(
        Feature(name="a", type="integer", storage=Storage(dtype="int64")),
        Feature(name="b:é", type="string", storage=Storage(dtype="str")),
        Feature(
            name="", type="number", storage=Storage(dtype="float64"), nullable=True
        ),
    )
)
GOOD = {"a": 1, "b:é": "x:y", "": 0.5}


@given(data=st.data())
def test_a_body_with_a_byte_of_another_is_read_alike(data: st.DataObject) -> None:
    body = bytearray(encode(GOOD, {**GOOD, "": None}))
    bits = st.sampled_from(
        [b":", b'"', b",", b"{", b"}", b"[", b"\\", b"\xff", b"1", b""]
    )
    parts = [st.just(b'"a": 2, '), st.just(b', "a": 2'), st.just(b'"a":":", ')]
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(body)))
        end = place + data.draw(st.integers(0, 2))
        body[place:end] = data.draw(st.one_of(bits, *parts))
    assert_read_alike(MIXED, bytes(body))


@pytest.mark.parametrize(
    "text",
    [
        '{"instances": [{"a": 1, "b:é": "x", "": 1, "a": 1}]}',
        '{"instances": [{"a": 1, "b:é": "x", "": 1, "\\u0061": 1}]}',
        '{"instances": [{"a": 1, "a": 2, "b:é": "\\u003a", "": 1}]}',
        '{"instances": [{"a": 1, "b:é": ":", "b:é": "x", "": 1}]}',
        '{"instances": [{"a": 1, "b:é": "x", "": 1}], "instances": []}',
        '{"instances": [], "instances": [{"a": 1, "b:é": "x", "": 1}]}',
    ],
)
def test_a_duplicate_key_is_never_read(text: str) -> None:
    readers = compile_readers(MIXED)
    assert readers.known
    assert readers.known.read(text.encode()) is None
    with pytest.raises(MalformedJsonError, match="twice"):
        Codec(MIXED, NARROW).load(text.encode())


@pytest.mark.parametrize(
    "rows", [[], [5], [GOOD, None], [{}], [{"a": 1}], [{**GOOD, "g": 2}], [[1, "x", 1]]]
)
def test_what_are_no_rows_is_left_to_marshmallow(rows: list[Any]) -> None:
    readers = compile_readers(MIXED)
    body = encode(*rows)
    assert [r and r.read(body) for r in (readers.known, readers.valid)] == [None, None]
    assert not rows or readers.rows.read(rows) is None


@given(orders=st.tuples(*[st.permutations(list(GOOD))] * 2))
def test_keys_come_in_any_order(orders: tuple[list[str], ...]) -> None:
    body = encode(*({key: GOOD[key] for key in order} for order in orders))
    assert compare(MIXED, body) == (True, True)


@pytest.mark.parametrize("depth", [10, 1000, 100_000])
def test_a_deep_body_is_not_read(depth: int) -> None:
    readers = compile_readers(MIXED)
    assert readers.known
    for unit in (b"[", b'{"instances":[', b'{"a":'):
        assert readers.known.read(unit * depth) is None
        assert readers.known.read(b'{"instances":[{"a":' + unit * depth) is None


@pytest.mark.parametrize("name", ['5" pipe', "a\\b", "a\nb", "a" * 10_000])
def test_a_feature_of_any_name_is_read(name: str) -> None:
    contract = Contract(features=(make("integer", "int64", observed=see(0, 9)),))
    contract = replace(contract, features=(replace(contract.features[0], name=name),))
    loaded = Codec(contract, NARROW).load(encode({name: 1}, {name: 2}))
    assert [list(column) for column in loaded.columns] == [[1, 2]]
    assert loaded.warnings == ()


@pytest.mark.parametrize("width", [1, MAX_FIELDS, MAX_FIELDS + 1])
def test_a_wide_row_is_read(width: int) -> None:
    names = [f"n{i}" for i in range(width)]
    features = [replace(make("number", "float64"), name=name) for name in names]
    contract = Contract(features=tuple(features))
    assert (compile_readers(contract).known is None) == (width > MAX_FIELDS)
    rows = [dict.fromkeys(names, 1.5), dict.fromkeys(names[::-1], 2)]
    loaded = Codec(contract, NARROW).load(encode(*rows))
    assert [list(column) for column in loaded.columns] == [[1.5, 2.0]] * width


def test_rows_may_leave_out_what_has_a_default() -> None:
    features = (
        make("integer", "int64"),
        Feature(
            name="g",
            type="date-time",
            storage=Storage(dtype="datetime64[us]"),
            required=False,
            default="2024-01-31T00:00:00",
        ),
        Feature(name="h", type="string", storage=Storage(dtype="str"), required=False),
    )
    contract = Contract(features=features, unknown_fields="ignore")
    rows = [{"f": 1, "h": "x"}, {"f": 2, "x": 1, "g": "2024-01-01T00:00:00", "h": ""}]
    found = compile_readers(contract).rows.read(rows)
    expected = compile_readers(contract).ask_marshmallow({"instances": rows})
    assert found is not None
    assert describe(found) == describe(expected)
    # None is no text, though it is the default.
    assert compile_readers(contract).rows.read([{"f": 1}]) is None
    [_, _, texts] = Codec(contract, NARROW).load(encode({"f": 1})).columns
    assert list(texts) == [None]
