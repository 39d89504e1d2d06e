"""Arrow streams: the values and faults of JSON, and what would harm is refused."""

import os
import resource
import struct
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from contracts import FEATURES, NARROW, make
from hypothesis import given
from hypothesis import strategies as st

from service.model.contract.arrow_messages import check_messages
from service.model.contract.arrow_stream import ArrowReader, write_stream
from service.model.contract.codec import Codec
from service.model.contract.column_form import place_in_column
from service.model.contract.features import Contract, Feature
from service.model.errors import (
    ContractViolationError,
    MalformedArrowError,
    TooManyInstancesError,
)

pa = pytest.importorskip("pyarrow")
from arrow_streams import write_arrow  # noqa: E402 - it needs pyarrow

# Of 8 bytes of zeros a value, compressed to almost none.
BOMB_ROWS = 10**7
CHILD_BYTES = 2 * 2**30

TEXTS = st.sampled_from(
    ["a", "b", "", "long", "abcd", "2024-01-31", "2024-01-31T09:30:00"]
) | st.text(max_size=4)
HELD: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (pa.float64(), st.floats(allow_infinity=False, allow_nan=False)),
    (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, 2.5, 2.0**53, -100.0, 127.0])),
    (pa.float32(), st.floats(width=32, allow_infinity=False, allow_nan=False)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.int64(), st.sampled_from([2**53 + 1, -(2**53) - 1, 0, 100, 127, 128])),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.int8(), st.integers(-128, 127)),
    (pa.bool_(), st.booleans()),
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.null(), st.none()),
]


def read(feature: Feature, stream: bytes) -> list[str]:
    """Return the valid values of the only column, or its faults."""
    contract = Contract(features=(feature,))
    codec = Codec(contract, NARROW)
    try:
        columns = ArrowReader(contract, NARROW.max_instances).read(stream)
        document = codec.read_columns(columns, place_in_column, "columns")
        instances = codec.validate(document)
    except ContractViolationError as error:
        return [f"{each.path} {each.message}" for each in error.remarks]
    return [*map(repr, instances.columns[0]), *map(repr, instances.warnings)]


def read_json(feature: Feature, values: list[Any]) -> list[str]:
    codec = Codec(Contract(features=(feature,)), NARROW)
    try:
        instances = codec.load(orjson.dumps({"columns": {"f": values}}))
    except ContractViolationError as error:
        return [f"{each.path} {each.message}" for each in error.remarks]
    return [*map(repr, instances.columns[0]), *map(repr, instances.warnings)]


@given(st.data(), st.sampled_from(FEATURES), st.sampled_from(HELD))
def test_an_arrow_column_is_what_the_same_json_column_is(
    data: st.DataObject, feature: Feature, held: tuple[Any, st.SearchStrategy[Any]]
) -> None:
    type_, strategy = held
    values = data.draw(st.lists(st.none() | strategy, min_size=1, max_size=6))
    array = pa.array([None, *values], type_)
    if data.draw(st.booleans()) and type_ != pa.null():
        array = array.dictionary_encode()
    size = data.draw(st.integers(1, 7))
    stream = write_arrow(pa.table({"f": array.slice(1)}), size)
    assert read(feature, stream) == read_json(feature, values)


@pytest.mark.parametrize(
    ("value", "type_", "kind", "dtype", "text"),
    [
        (date(2024, 1, 31), pa.date32(), "date", "date", "2024-01-31"),
        (date(2024, 1, 31), pa.date32(), "date", "datetime64[us]", "2024-01-31"),
        (
            datetime(2024, 1, 31, 9, 30),
            *(pa.timestamp("us"), "date-time", "datetime64[us]"),
            "2024-01-31T09:30:00",
        ),
        (
            datetime(2024, 1, 31, 9, 30, tzinfo=UTC),
            *(pa.timestamp("ns", "UTC"), "date-time", "datetime64[us, UTC]"),
            "2024-01-31T09:30:00Z",
        ),
        (
            datetime(2024, 1, 31, 9, 30, tzinfo=UTC),
            *(pa.timestamp("ms", "UTC"), "date-time", "datetime64[us]"),
            "2024-01-31T09:30:00Z",
        ),
    ],
)
def test_a_date_is_read_as_its_text(
    value: Any, type_: Any, kind: Any, dtype: str, text: str
) -> None:
    feature = make(kind, dtype, nullable=True)
    stream = write_arrow(pa.table({"f": pa.array([value, None], type_)}))
    assert read(feature, stream) == read_json(feature, [text, None])


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (2**31 - 1, pa.date32()),
        (2**62, pa.timestamp("s")),
        (0, pa.timestamp("s", "Nowhere/At_all")),
    ],
)
def test_a_date_of_no_calendar_is_refused_at_its_place(value: int, type_: Any) -> None:
    held = pa.int32() if pa.types.is_date32(type_) else pa.int64()
    array = pa.array([0, value], held).view(type_)
    feature = make("date", "datetime64[us]")
    faults = read(feature, write_arrow(pa.table({"f": array})))
    assert "columns.f[1] must be a date such as 2024-01-31" in faults


def test_a_nan_is_a_null_and_an_infinity_is_refused() -> None:
    values = pa.array([1.5, float("nan")])
    stream = write_arrow(pa.table({"f": values}))
    assert read(make("number", "float64", nullable=True), stream)[:2] == ["1.5", "None"]
    [fault] = read(make("number", "float64"), stream)
    assert fault == "columns.f[1] must not be null"
    stream = write_arrow(pa.table({"f": pa.array([1.5, float("inf")])}))
    assert read(make("number", "float64"), stream) == ["columns.f[1] must be a number"]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[1.5]]),
        pa.array([{"a": 1}]),
        pa.array([b"a"]),
        pa.array(["a"], pa.string_view()),
        pa.array([1], pa.decimal128(5)),
        pa.array([1], pa.duration("s")),
    ],
    ids=lambda array: str(array.type),
)
def test_another_type_is_refused_by_the_name_of_its_column(array: Any) -> None:
    [fault] = read(make("number", "float64"), write_arrow(pa.table({"f": array})))
    assert fault.startswith("columns.f has an Arrow type that is not taken")


def test_a_column_to_ignore_is_not_read() -> None:
    feature = make("number", "float64")
    contract = Contract(features=(feature,), unknown_fields="ignore")
    table = pa.table({"g": [[1]], "f": [1.5], "h": pa.array(["a"], pa.string_view())})
    columns = ArrowReader(contract, 1).read(write_arrow(table))
    assert {name: [*column] for name, column in columns.items()} == {
        **{"g": [], "f": [1.5], "h": []}
    }


def test_columns_that_are_missing_or_unknown_are_named() -> None:
    stream = write_arrow(pa.table({"g": pa.array([1.5])}))
    assert read(make("number", "float64"), stream) == [
        "columns.f is required",
        "columns.g is not a feature of this model",
    ]


def refuse(stream: bytes, max_rows: int = 1000) -> str:
    contract = Contract(features=(make("number", "float64", nullable=True),))
    with pytest.raises((MalformedArrowError, TooManyInstancesError)) as refusal:
        ArrowReader(contract, max_rows).read(stream)
    return str(refusal.value)


def test_what_is_no_stream_or_is_cut_short_anywhere_is_refused() -> None:
    stream = write_arrow(pa.table({"f": pa.array([1.5, None, 2.5])}), 2)
    for end in range(len(stream) - 8):  # of which the last eight say that it ends
        # Between two messages, a stream may end without a word.
        if end and stream[end : end + 4] == b"\xff" * 4:
            check_messages(stream[:end], 1000)
        else:
            assert "cut short" in refuse(stream[:end])
    assert "Bytes follow" in refuse(stream + b"\0" * 8)
    assert "cut short" in refuse(b'{"instances": []}')


def test_two_columns_of_one_name_are_refused() -> None:
    table = pa.table([pa.array([1.5]), pa.array([2.5])], ["f", "f"])
    assert "one name" in refuse(write_arrow(table))


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_a_compressed_stream_is_refused_before_it_is_read(codec: str) -> None:
    table = pa.table({"f": pa.array([0.0]).take(pa.repeat(pa.scalar(0), BOMB_ROWS))})
    stream = write_arrow(table, BOMB_ROWS, compression=codec)
    assert len(stream) < 8 * BOMB_ROWS / 100
    assert "must not be compressed" in refuse(stream, max_rows=BOMB_ROWS)


def test_more_rows_than_are_taken_or_batches_are_refused() -> None:
    table = pa.table({"f": pa.nulls(1001, pa.float64())})
    assert "more rows than one request" in refuse(write_arrow(table, 100))
    assert "over 1000 messages" in refuse(write_arrow(table, 1), max_rows=2000)


def test_a_dictionary_that_changes_is_refused() -> None:
    chunks = [pa.array(["a"]), pa.array(["a", "b"])]
    coded = pa.chunked_array([chunk.dictionary_encode() for chunk in chunks])
    table = pa.table({"f": coded})
    for deltas in (False, True):
        stream = write_arrow(table, emit_dictionary_deltas=deltas)
        assert "dictionary of the Arrow stream changes" in refuse(stream)


def test_another_byte_order_is_refused() -> None:
    # A flatbuffer of a message whose header is a schema: see arrow_messages.py.
    head = struct.pack("<I6H", 16, 12, 16, 0, 4, 8, 0)
    head += struct.pack("<iB3xI", 12, 1, 16) + bytes(8)
    schema = struct.pack("<3H2x", 6, 8, 4)
    at = len(head)
    table = struct.pack("<ihxx", 8, 1)
    message = bytearray(head + schema + table)
    struct.pack_into("<I", message, 24, at + 8 - 24)
    message += bytes(-len(message) % 8)
    stream = struct.pack("<Ii", 0xFFFFFFFF, len(message)) + message
    assert "little-endian" in refuse(stream)


def test_a_long_text_that_many_rows_share_is_held_once() -> None:
    text = "x" * 2**20
    array = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), pa.array([text]))
    stream = write_arrow(pa.table({"f": array}))
    contract = Contract(features=(make("string", "str"),))
    column = ArrowReader(contract, 1000).read(stream)["f"]
    assert column.kinds == [text]


def test_answers_are_written_as_any_reader_reads_them() -> None:
    pairs: list[tuple[str, Sequence[Any]]] = [
        ("label", ["a", "b"]),
        ("probabilities.a", [0.25, -0.0]),
    ]
    stream = write_stream(pairs, {"request_id": "r"})
    table = pa.ipc.open_stream(stream).read_all()
    assert table.to_pydict() == dict(pairs)
    assert table.schema.metadata == {b"request_id": b"r"}


def test_spoilt_streams_are_read_or_refused_and_end_no_process() -> None:
    program = Path(__file__).parents[2] / "support/hostile_arrow.py"
    paths = [str(Path(__file__).parents[3]), *map(str, sys.path)]
    child = subprocess.run(
        [sys.executable, str(program), "4000"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (CHILD_BYTES, CHILD_BYTES)
        ),
    )
    assert child.returncode == 0, child.stderr
    assert 400 < int(child.stdout) < 4000
