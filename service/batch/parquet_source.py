"""Parquet files, in pieces of rows."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from service.batch.arrow import pa, pq
from service.batch.piece import (
    ROWS_AT_A_TIME,
    ROWS_OF_PIECE,
    Part,
    ReadFeatures,
    refuse_unreadable,
)
from service.batch.plain_types import plain_schema, read_plainly

# A row group is read from its beginning, also for a piece behind that. So only those of
# a file that has few of them are divided, which else would occupy few processes.
FEW_GROUPS = 32


class ParquetSource:
    """A Parquet file, of which some columns of texts are read as the codes it has."""

    read_features: ReadFeatures | None = None

    def __init__(self, path: Path, coded: Sequence[str] = ()) -> None:
        self.path = path
        with refuse_unreadable(path):
            # A page that its checksum does not fit is refused.
            self._file = pq.ParquetFile(
                path,
                read_dictionary=_find_flat(path, coded) if coded else None,
                page_checksum_verification=True,
            )
            self.schema = plain_schema(self._file.schema_arrow)
            self._bytes = path.stat().st_size
        metadata = self._file.metadata
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        self._starts = [0, *accumulate(group.num_rows for group in groups)]

    def iterate_parts(self) -> Iterator[Part]:
        """Yield pieces of as many rows, or of whole row groups if there are many."""
        total = self._starts[-1]
        if len(self._starts) <= FEW_GROUPS:
            edges = [*range(0, total, ROWS_OF_PIECE), total]
        else:
            edges = [0]
            for start in self._starts:
                if start - edges[-1] >= ROWS_OF_PIECE or start == total:
                    edges.append(start)
        for start, end in pairwise(edges):
            if start < end:
                rows = end - start
                yield Part(start, end, start, rows, self._bytes * rows // total)

    def read(self, part: Part, names: Sequence[str]) -> Iterator[Any]:
        """Yield tables of some rows of a piece, in order. Raises DataFileError."""
        first = bisect_right(self._starts, part.start) - 1
        last = bisect_right(self._starts, part.end - 1)
        at = self._starts[first]
        with refuse_unreadable(self.path):
            for batch in self._file.iter_batches(
                batch_size=ROWS_AT_A_TIME,
                row_groups=range(first, last),
                columns=names,
                use_threads=False,
            ):
                start, end = max(part.start - at, 0), part.end - at
                at += len(batch)
                if start < len(batch) and end > 0:
                    yield read_plainly(pa.Table.from_batches([batch[start:end]]))


def _find_flat(path: Path, names: Sequence[str]) -> list[str]:
    """Return those of the names that are flat columns: pyarrow raises for any other."""
    schema = pq.read_metadata(path).schema
    paths = {schema.column(index).path for index in range(len(schema))}
    return [name for name in names if name in paths]
