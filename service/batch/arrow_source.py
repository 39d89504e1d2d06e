"""Arrow IPC files, in pieces of record batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from service.batch.arrow import ipc, pa
from service.batch.piece import (
    BYTES_OF_PIECE,
    ROWS_AT_A_TIME,
    Part,
    ReadFeatures,
    refuse_unreadable,
)
from service.batch.plain_types import plain_schema, read_plainly

# What files begin with that are of Arrow, and not of its file format; and what to do.
OTHERS = {
    b"FEA1": "it is Feather of version 1: write it again by version 2",
    b"\xff\xff\xff\xff": "it is an Arrow stream: write it as a file",
}


def _check_format(path: Path) -> None:
    """Raise ValueError for another format of Arrow."""
    with path.open("rb") as file:
        if told := OTHERS.get(file.read(4)):
            raise ValueError(told)


class ArrowSource:
    """A file of Arrow's IPC format, which Feather is, too."""

    read_features: ReadFeatures | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        with refuse_unreadable(path):
            _check_format(path)
            self._file = ipc.open_file(pa.memory_map(str(path)))
            self.schema = plain_schema(self._file.schema)
            self._bytes = path.stat().st_size

    def iterate_parts(self) -> Iterator[Part]:
        """Yield pieces of some record batches each."""
        total = self._file.num_record_batches
        step = max(1, total * BYTES_OF_PIECE // max(self._bytes, 1))
        row = 0
        with refuse_unreadable(self.path):
            for start in range(0, total, step):
                end = min(start + step, total)
                batches = map(self._file.get_batch, range(start, end))
                rows = sum(map(len, batches))
                weight = self._bytes * (end - start) // total
                yield Part(start, end, row, rows, weight)
                row += rows

    def read(self, part: Part, names: Sequence[str]) -> Iterator[Any]:
        """Yield tables of some rows of a piece, in order. Raises DataFileError."""
        with refuse_unreadable(self.path):
            for index in range(part.start, part.end):
                batch = self._file.get_batch(index).select(names)
                batch.validate(full=True)  # what is damaged could end the process
                for at in range(0, len(batch) or 1, ROWS_AT_A_TIME):
                    some = batch[at : at + ROWS_AT_A_TIME]
                    yield read_plainly(pa.Table.from_batches([some]))
