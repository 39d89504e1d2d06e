"""Run as a process: reads thousands of spoilt Arrow streams, which may crash it."""

import random
import sys

import msgspec
import numpy as np
import pyarrow as pa
from arrow_streams import write_arrow
from contracts import NARROW, make

from service.model.contract.arrow_stream import ArrowReader
from service.model.contract.codec import Codec
from service.model.contract.column_form import place_in_column
from service.model.contract.features import Contract
from service.model.errors import (
    ContractViolationError,
    MalformedArrowError,
    TooManyInstancesError,
)

REFUSALS = (ContractViolationError, MalformedArrowError, TooManyInstancesError)


def make_contract() -> Contract:
    types = ("number", "float64"), ("integer", "int64"), ("string", "str")
    features = [
        msgspec.structs.replace(make(kind, dtype, nullable=True), name=name)
        for name, (kind, dtype) in zip("abc", types, strict=True)
    ]
    return Contract(features=tuple(features))


def make_streams() -> list[bytes]:
    table = pa.table(
        {
            "a": pa.array([0.5, None, float("nan"), 1e300], pa.float64()),
            "b": pa.array([1, 2, None, -5], pa.int64()),
            "c": pa.array(["ab", None, "", "cde"], pa.string()),
        }
    )
    coded = table.set_column(2, "c", table["c"].dictionary_encode())
    large = table.set_column(2, "c", table["c"].cast(pa.large_string()))
    return [
        write_arrow(each, size) for each in (table, coded, large) for size in (2, 9)
    ]


def spoil(stream: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(stream)
    for _ in range(chance.randint(1, 4)):
        spoilt[chance.randrange(len(spoilt))] = chance.choice(
            (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
        )
    if chance.random() < 0.1:
        del spoilt[chance.randrange(len(spoilt)) :]
    return bytes(spoilt)


def main(count: int) -> None:
    contract = make_contract()
    codec = Codec(contract, NARROW)
    reader = ArrowReader(contract, NARROW.max_instances)
    streams, chance = make_streams(), random.Random(17)
    read = 0
    with np.errstate(all="ignore"):
        for index in range(count):
            try:
                columns = reader.read(spoilt := spoil(streams[index % 6], chance))
                document = codec.read_columns(columns, place_in_column, "columns")
                list(map(list, codec.validate(document).columns))
                read += 1
            except REFUSALS:
                assert spoilt not in streams
    print(read)


if __name__ == "__main__":
    main(int(sys.argv[1]))
