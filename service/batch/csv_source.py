"""CSV files, in pieces of bytes that end where a row does.

Values are read as those of a request in CSV: an empty field is a null and `""` the
empty text, and a number is what JSON takes for one.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from service.batch.arrow import csv, pa
from service.batch.csv_rows import (
    LONE_RETURN,
    MAX_ROW_BYTES,
    count_rows,
    find_end,
    find_fault,
    may_have_empty_lines,
    read_header,
)
from service.batch.piece import (
    BYTES_OF_PIECE,
    ROWS_AT_A_TIME,
    Part,
    refuse_unreadable,
)
from service.model.contract.array_makers import make_numbers
from service.model.contract.arrow_stream import read_array
from service.model.contract.csv_form import iterate_rows
from service.model.contract.features import Contract
from service.model.contract.text_values import read_texts
from service.model.errors import DataFileError, MalformedCsvError

BOM = b"\xef\xbb\xbf"

# What else than a comma people part fields by.
OTHER_COMMAS = ";\t|"

# What pyarrow says of a row, but for the row itself.
WIDTH = re.compile(r"Expected \d+ columns, got \d+")


class CsvSource:
    """A CSV file with a header. All its columns are text: a key stays `007`."""

    def __init__(self, path: Path, contract: Contract) -> None:
        self.path = path
        self._types = {each.name: each.type for each in contract.features}
        with refuse_unreadable(path), path.open("rb") as file:
            self._bytes = path.stat().st_size
            header = read_header(file)
        self._start = len(header)
        names = self._split_header(header)
        self.schema = pa.schema([(name, pa.string()) for name in names])

    def _split_header(self, row: bytes) -> list[str]:
        if not self._bytes:
            raise DataFileError(f"{self.path} is empty: it must have a header.")
        try:
            text = row.removeprefix(BOM).decode()
            [fields] = iterate_rows(text, MAX_ROW_BYTES)
        except UnicodeDecodeError:
            raise DataFileError(f"{self.path} is not in UTF-8.") from None
        except (MalformedCsvError, ValueError):
            raise self._refuse(0, "the header is no row of names") from None
        names = [field or "" for field in fields]
        if "\0" in text:
            raise self._refuse(0, "it holds a NUL")
        if len(names) == 1 and names[0] not in self._types:
            for each in OTHER_COMMAS:
                if each in names[0]:
                    raise self._refuse(0, f"fields are parted by {each!r}")
        return names

    def iterate_parts(self) -> Iterator[Part]:
        """Yield pieces that end where a row does. Raises DataFileError."""
        at, row = self._start, 0
        with refuse_unreadable(self.path), self.path.open("rb") as file:
            file.seek(at)
            while rows := self._read_rows(file):
                count = count_rows(rows)
                yield Part(at, at + len(rows), row, count, len(rows))
                at, row = at + len(rows), row + count
                file.seek(at)

    def _read_rows(self, file: Any) -> bytes:
        """Return whole rows, as many as a piece has, at least one but at the end."""
        size = BYTES_OF_PIECE
        start = file.tell()
        while True:
            file.seek(start)
            found: bytes = file.read(size)
            if len(found) < size:
                if found.count(b'"') % 2:
                    raise self._refuse(start, "a quote is not closed")
                return found
            if end := find_end(found):
                return found[:end]
            if size > MAX_ROW_BYTES:
                raise self._refuse(start, "a row does not end within 64 MiB")
            size *= 2

    def read(self, part: Part, names: Sequence[str]) -> Iterator[Any]:
        """Yield tables of some rows of a piece, in order. Raises DataFileError."""
        with refuse_unreadable(self.path), self.path.open("rb") as file:
            file.seek(part.start)
            rows = file.read(part.end - part.start)
        if fault := find_fault(rows):
            raise self._refuse(part.start, fault)
        try:
            table = self._parse(rows, names)
        except pa.ArrowInvalid as error:
            said = WIDTH.search(str(error))
            reason = said[0].lower() if said else "a value is not in UTF-8"
            raise self._refuse(part.start, reason) from None
        if len(table) > part.rows and LONE_RETURN.search(rows):
            raise self._refuse(part.start, "a line ends in CR alone")
        if len(self.schema) > 1 and may_have_empty_lines(rows):
            # Of a single column it is a null; of several it would be a row of nulls.
            others = self._parse(rows, names, is_skipping=True)
            if len(others) < len(table):
                raise self._refuse(part.start, "a line is empty")
        for at in range(0, len(table), ROWS_AT_A_TIME):
            yield table.slice(at, ROWS_AT_A_TIME)

    def _parse(
        self, rows: bytes, names: Sequence[str], *, is_skipping: bool = False
    ) -> Any:
        return csv.read_csv(
            io.BytesIO(rows),
            csv.ReadOptions(
                column_names=self.schema.names,
                use_threads=False,
                block_size=len(rows) + 1,
            ),
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=is_skipping),
            csv.ConvertOptions(
                column_types=self.schema,
                include_columns=names,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def read_features(self, table: Any) -> Mapping[str, Any]:
        """Return features as a codec takes them."""
        return {
            name: self._read_feature(name, column.combine_chunks())
            for name, column in zip(table.column_names, table.columns, strict=True)
        }

    def _read_feature(self, name: str, column: Any) -> Sequence[Any]:
        type_ = self._types[name]
        if type_ in ("number", "integer"):
            return make_numbers(read_texts(type_, column.to_pylist()))
        if type_ == "boolean":
            return read_texts(type_, column.to_pylist())
        return read_array(column)

    def _refuse(self, at: int, reason: str) -> DataFileError:
        return DataFileError(
            f"{self.path} is no CSV that can be read: {reason}, behind byte {at}."
        )
