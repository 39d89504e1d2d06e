"""Arrays go from process to process as they are, whatever their type and size."""

import resource
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from service.model.device.channel import SMALL_BYTES, Channel

DTYPES = ("float32", "float64", "float16", "bool", "int8", "int64", "uint16")

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = map(Channel, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    yield here, there
    here.close()
    there.close()


def test_arrays_of_each_type_and_shape_arrive(pair: Pair) -> None:
    here, there = pair
    draw = np.random.default_rng(0)
    arrays = {
        f"{dtype} {shape}": draw.integers(0, 100, shape).astype(dtype)
        for dtype in DTYPES
        for shape in ((1,), (3, 5), (0, 4), (2, 3, 4), ())
    }
    here.send({"network": "a"}, arrays)
    about, found = there.receive()
    assert about == {"network": "a"}
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_is_no_block_of_memory_arrives(pair: Pair) -> None:
    here, there = pair
    array = np.arange(24, dtype=np.float32).reshape(4, 6)
    here.send({}, {"turned": array.T, "parted": array[::2, 1::3]})
    _, found = there.receive()
    np.testing.assert_array_equal(found["turned"], array.T)
    np.testing.assert_array_equal(found["parted"], array[::2, 1::3])


def test_both_ends_send_in_turns_and_what_is_large_is_not_kept(pair: Pair) -> None:
    here, there = pair
    for size in (1, SMALL_BYTES, 8 * SMALL_BYTES, 1, 3 * SMALL_BYTES):
        array = np.full(size, size % 251, dtype=np.uint8)
        here.send({}, {"x": array})
        _, found = there.receive()
        there.send({}, {"y": found["x"] + 1})
        _, answered = here.receive()
        np.testing.assert_array_equal(answered["y"], array + 1)
        assert len(here._written) <= max(SMALL_BYTES, 4 * size)


def test_an_end_that_is_closed_is_told(pair: Pair) -> None:
    here, there = pair
    here.close()
    with pytest.raises(EOFError):
        there.receive()


def test_what_finds_no_memory_was_not_sent(pair: Pair) -> None:
    here, there = pair
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * SMALL_BYTES, hard))
    try:
        with pytest.raises(MemoryError):
            here.send({}, {"x": np.zeros(8 * SMALL_BYTES, np.uint8)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    here.send({}, {"x": np.ones(1)})
    _, found = there.receive()
    assert found["x"].tolist() == [1.0]
