"""Counts in mapped files, which outlive the process that counts.

They have the format of prometheus-client's multiprocess mode, whose own classes could
write it. For what is counted of one request they take 73 microseconds, and these 7; and
in a /dev/shm that is full their first write would kill the process (SIGBUS).
"""

import logging
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from prometheus_client.mmap_dict import mmap_key

from service.mapped_file import map_file

logger = logging.getLogger("service")

METRICS_LOST = "metrics_lost"

# A file holds the numbers of one kind, by which a scrape adds them up.
FileKind = Literal["counter", "histogram", "gauge_livesum", "gauge_livemax"]
Labels = dict[str, str]

# A file doubles when it is full. Those of gauges, and of a usual model's counters, do
# not come to that.
FILE_BYTES = 16 * 1024
# How much of the file is used; the first entry begins after eight bytes.
USED = struct.Struct("i")
FIRST = 8
NUMBER = struct.Struct("d")

# Held while adding, which reads and writes. Taking it costs more than an addition, so
# it is taken once for all that is counted of a request.
COUNTS_LOCK = threading.Lock()


def read_used(data: bytes | memoryview) -> int:
    """Return how many bytes of a file are used: none of one that is still empty."""
    return int(USED.unpack_from(data)[0]) if data else 0


def read_numbers(data: bytes) -> Iterator[tuple[bytes, int, float]]:
    """Yield the key, the offset and the value of each number in a file."""
    used, offset = read_used(data), FIRST
    while offset < used:
        size: int = USED.unpack_from(data, offset)[0]
        key = data[offset + 4 : offset + 4 + size]
        offset += 12 + size - (size + 4) % 8
        yield key, offset, NUMBER.unpack_from(data, offset)[0]
        offset += 16


class CountFile:
    """The numbers of one kind that one process writes, each under a key.

    Where there is no room for them, they are counted still, and not seen.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_lost = False
        self._memory = memoryview(b"")
        self._map(FILE_BYTES)
        self._used = read_used(self._memory) or FIRST
        self._indices = {
            key.decode(): offset // NUMBER.size
            for key, offset, _ in read_numbers(self._memory.tobytes())
        }

    def find(self, key: str) -> tuple[Any, int]:
        """Return where the number of a key lies, which is 0 if it is new."""
        if key not in self._indices:
            self._add(key)
        return self._numbers, self._indices[key]

    def _add(self, key: str) -> None:
        """Write an entry: the key's length, the key, the number, and a time of 0."""
        text = key.encode()
        padded = len(text) + 8 - (len(text) + 4) % 8
        entry = struct.pack(f"i{padded}sdd", len(text), text.ljust(padded), 0.0, 0.0)
        end = self._used + len(entry)
        if end > len(self._memory):
            self._map(2 * len(self._memory))
        self._memory[self._used : end] = entry
        USED.pack_into(self._memory, 0, end)  # now it is there for readers
        self._used = end
        self._indices[key] = end // NUMBER.size - 2

    def _map(self, size: int) -> None:
        """Map the file, or memory of this process once there is no room for it."""
        if not self._is_lost:
            try:
                self._memory = map_file(self._path, size)
            except OSError as error:
                self._is_lost = True
                extra = {"file": self._path.name, "reason": error.strerror}
                logger.error(METRICS_LOST, extra=extra)  # noqa: TRY400
        if self._is_lost:
            held = self._memory.tobytes()
            self._memory = memoryview(bytearray(held.ljust(size, b"\0")))
        self._numbers = self._memory.cast("d")


class Cell:
    """One number, such as a bucket of a histogram."""

    __slots__ = ("index", "key", "kind", "numbers")

    def __init__(self, kind: FileKind, key: str) -> None:
        self.kind = kind
        self.key = key

    def add(self, amount: float = 1) -> None:
        self.numbers[self.index] += amount

    def set(self, value: float) -> None:
        self.numbers[self.index] = value

    def bind(self, file: CountFile) -> None:
        """Count in a file from now on, where its last process stopped."""
        self.numbers, self.index = file.find(self.key)


class Counts:
    """All numbers of this process, in files that bear its slot.

    Two cells of one sample are one number: they lie in the same place.
    """

    def __init__(self, folder: Path, slot: int) -> None:
        self.folder = folder
        self.slot = slot
        self._files: dict[FileKind, CountFile] = {}
        self._cells: list[Cell] = []

    def take_slot(self, slot: int) -> None:
        """Count on under a number that no live process has."""
        self.slot = slot
        self._files = {}
        for cell in self._cells:
            cell.bind(self._open(cell.kind))

    def find_cell(
        self, kind: FileKind, metric: str, sample: str, labels: Labels, help_text: str
    ) -> Cell:
        """Return a new cell for a sample of a metric."""
        cell = Cell(
            kind, mmap_key(metric, sample, [*labels], [*labels.values()], help_text)
        )
        cell.bind(self._open(kind))
        self._cells.append(cell)
        return cell

    def _open(self, kind: FileKind) -> CountFile:
        if kind not in self._files:
            self._files[kind] = CountFile(self.folder / f"{kind}_{self.slot}.db")
        return self._files[kind]
