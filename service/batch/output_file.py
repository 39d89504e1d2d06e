"""The output and its rejected rows, Parquet or CSV, joined of pieces in their order."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from service.batch.answers import REASON, ROW
from service.batch.arrow import compute, csv, ipc, pa, pq
from service.batch.inputs import CSV, PARQUET
from service.batch.piece import ROWS_OF_PIECE
from service.batch.plain_types import make_empty
from service.model.errors import DataFileError

FILE = "file"

# A whole piece, of which few rows are rejected, is written at once. Each table that
# waits may hold a mapping of its file, of which a process has 65,530 at most.
ROWS_OF_GROUP = ROWS_OF_PIECE // 2
TABLES_OF_GROUP = 1000


class Output(Protocol):
    """A file that pieces are appended to."""

    def append(self, piece: Path) -> None:
        """Append the answers of a piece. Raises OSError."""

    def close(self) -> None:
        """End the file. Raises OSError."""


class Gathering:
    """A writer of tables that writes small ones together, opened with the first rows.

    Else ten thousand files of a few rows would become as many row groups.
    """

    def __init__(self, open_writer: Callable[[Any], Any]) -> None:
        self._open_writer = open_writer
        self._writer: Any = None
        self._tables: list[Any] = []

    def write_table(self, table: Any) -> None:
        """Write a table, now or with the next ones. Raises OSError."""
        if len(table):
            self._tables.append(table)
        rows = sum(map(len, self._tables))
        if rows >= ROWS_OF_GROUP or len(self._tables) >= TABLES_OF_GROUP:
            self._write(pa.concat_tables(self._tables))
            self._tables.clear()

    def close(self, schema: Any) -> None:
        """Write what is left, and end the file. Raises OSError."""
        self._write(pa.concat_tables([make_empty(schema), *self._tables]))
        self._writer.close()

    def _write(self, table: Any) -> None:
        self._writer = self._writer or self._open_writer(table)
        if len(table):
            self._writer.write_table(table)


class ParquetOutput:
    """Parquet, of a row group for each piece, or for several that are small."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._schema = schema
        self._writer = Gathering(lambda first: open_parquet(path, schema, first))

    def append(self, piece: Path) -> None:
        """Append the answers of a piece. Raises OSError."""
        self._writer.write_table(read_piece(piece).cast(self._schema))

    def close(self) -> None:
        """End the file. Raises OSError."""
        self._writer.close(self._schema)


class CsvOutput:
    """CSV with a header, of pieces that have none."""

    def __init__(self, path: Path, schema: Any) -> None:
        csv.write_csv(schema.empty_table(), path)
        self._file = path.open("ab")

    def append(self, piece: Path) -> None:
        """Append the answers of a piece. Raises OSError."""
        with piece.open("rb") as file:
            shutil.copyfileobj(file, self._file)

    def close(self) -> None:
        """End the file. Raises OSError."""
        self._file.close()


OUTPUTS: dict[str, Any] = {PARQUET: ParquetOutput, CSV: CsvOutput}


class RejectedOutput:
    """The rejected rows: those of each piece, with the file they are of."""

    def __init__(self, path: Path, kept: Any) -> None:
        self.path = path
        self._schema = pa.schema(
            [*kept, (FILE, pa.string()), (ROW, pa.int64()), (REASON, pa.string())]
        )
        self._writer: Any = None

    def append(self, piece: Path, file: str) -> None:
        """Append the rejected rows of a piece. Raises OSError."""
        table = read_piece(piece)
        place = table.column_names.index(ROW)
        table = table.add_column(place, FILE, pa.array([file] * len(table)))
        if self._writer is None:
            self._writer = Gathering(self._open)
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> bool:
        """End the file; return whether there is one."""
        if self._writer is None:
            return False
        self._writer.close(self._schema)
        return True

    def _open(self, first: Any) -> Any:
        if self.path.suffix == CSV:
            return csv.CSVWriter(self.path, self._schema)
        return open_parquet(self.path, self._schema, first)


def check_kept(kept: Any, suffix: str) -> None:
    """Refuse columns of types that an output does not hold. Raises DataFileError."""
    for field in kept:
        schema = pa.schema([field])
        try:
            table = pa.Table.from_arrays([pa.nulls(1, field.type)], schema=schema)
            write = csv.CSVWriter if suffix == CSV else open_parquet
            with write(pa.BufferOutputStream(), schema) as writer:
                writer.write_table(table.take(pa.array([0])))
        except Exception:  # noqa: BLE001 - pyarrow has several types for it
            raise DataFileError(
                f"The column {field.name} cannot be kept: {suffix} holds no"
                f" {field.type} here."
            ) from None


def open_parquet(path: Any, schema: Any, first: Any = None) -> Any:
    """Open Parquet to be written. Numbers do not repeat, nor do texts that are keys.

    Where the first rows are at hand, they tell which are: a dictionary of keys takes
    half of the time of writing.
    """
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    if first is not None:
        texts = [name for name in texts if _repeats(first[name])]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=texts)


def _repeats(texts: Any) -> bool:
    return bool(2 * compute.count_distinct(texts).as_py() <= len(texts))


def read_piece(path: Path) -> Any:
    """Return the table that a process wrote."""
    with pa.memory_map(str(path)) as file:
        return ipc.open_file(file).read_all()
