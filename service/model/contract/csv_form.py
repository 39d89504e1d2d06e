"""Requests in CSV, as RFC 4180 means it, to columns of values.

https://www.rfc-editor.org/rfc/rfc4180

Python's csv tells an empty field, which is a null here, from `""`, the empty string, no
more than pandas does, so rows are split here: of a body without quotes at half of its
time, of one with quotes at four times as much.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from service.model.contract.features import Contract
from service.model.contract.text_values import Text, read_texts
from service.model.errors import MalformedCsvError, TooManyInstancesError

ROWS = "rows"

# How many columns a header may have beside the features: 10,000 rows of a thousand
# empty fields would be 8 MB of commas, and take 250 MB.
MORE_COLUMNS = 100

# A field in quotes, in which they are doubled, or one without; and what ends it.
FIELD = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^",\r\n]*+))(,|\r?\n|\Z)')


def place_in_csv(name: str, index: int | None = None) -> str:
    """Return the path of a column, or of a value: rows count from 0, without header."""
    return f"header.{name}" if index is None else f"{ROWS}[{index}].{name}"


class CsvReader:
    """Reads the CSV of requests of up to `max_rows` instances by a contract."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self._types = {each.name: each.type for each in contract.features}
        self._max_rows = max_rows
        self._most = len(self._types) + MORE_COLUMNS

    def read(self, body: bytes, *, needs_header: bool) -> dict[str, list[Any]]:
        """Return the columns of a body, which may have others than those of features.

        Where no header is needed, there is one if it holds all names, in any order, and
        else the columns are the contract's. Raises MalformedCsvError or
        TooManyInstancesError.
        """
        text = _decode(body)
        if text.count("\n") > self._max_rows + 1 and '"' not in text:
            raise self._refuse_count()
        rows = iterate_rows(text, self._most)
        first = next(rows)
        names = self._read_header(first, needs_header=needs_header)
        table = [] if names else [first]
        names = names or [*self._types]
        for row in rows:
            table.append(row)
            if len(table) > self._max_rows:
                raise self._refuse_count()
            _check_width(row, len(table) - 1, len(names))
        if not table:
            raise MalformedCsvError("The body is a header without a row.")
        columns = zip(names, zip(*table, strict=True), strict=True)
        return {
            name: read_texts(self._types.get(name, "string"), texts)
            for name, texts in columns
        }

    def _read_header(
        self, first: Sequence[Text], *, needs_header: bool
    ) -> list[str] | None:
        """Return the names of the columns, or None if the first row has values."""
        names = [name or "" for name in first]
        unique = set(names)
        known = unique & self._types.keys()
        if len(known) == len(self._types) or (known and needs_header):
            if len(unique) < len(names):
                raise MalformedCsvError("The header has a name twice.")
            return names
        if needs_header:
            raise MalformedCsvError("The first row must hold the features' names.")
        if known:
            raise MalformedCsvError(
                "The first row holds some of the features' names: it must hold all of"
                " them, as a header, or none."
            )
        _check_width(first, 0, len(self._types))
        return None

    def _refuse_count(self) -> TooManyInstancesError:
        return TooManyInstancesError(
            f"The body has more rows than the {self._max_rows} instances that one"
            " request may hold."
        )


def _decode(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedCsvError(f"The byte {error.start} is no UTF-8.") from None
    if text.startswith("\ufeff"):
        raise MalformedCsvError("The body must have no byte order mark.")
    if "\0" in text:
        raise MalformedCsvError("The body holds a NUL character.")
    if not text:
        raise MalformedCsvError("The body is empty.")
    return text


def iterate_rows(text: str, most: int) -> Iterator[list[Text]]:
    """Yield the rows of a text. Raises MalformedCsvError where one has more fields."""
    return _scan_rows(text, most) if '"' in text else _split_rows(text, most)


def _split_rows(text: str, most: int) -> Iterator[list[Text]]:
    """Yield the rows of a text without quotes."""
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    if "\r" in lines:
        raise MalformedCsvError("A line must end with LF or CRLF.")
    for line in lines.split("\n"):
        if line.count(",") >= most:
            raise MalformedCsvError(f"A row has more than {most} fields.")
        fields: list[Text] = [*line.split(",")]
        yield [field or None for field in fields] if "" in fields else fields


def _scan_rows(text: str, most: int) -> Iterator[list[Text]]:
    """Yield the rows of a text, of which some fields are in quotes."""
    row: list[Text] = []
    at = line = 0
    while found := FIELD.match(text, at):
        quoted, plain, end = found.groups()
        row.append((plain or None) if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if end != ",":
            yield row
            if at == len(text):
                return
            row, line = [], line + 1
        elif len(row) >= most:
            raise MalformedCsvError(f"A row has more than {most} fields.")
    raise MalformedCsvError(
        f"Record {line + 1} is cut short or malformed: quotes must be around a"
        " whole field, those within doubled, and a line must end with LF or CRLF."
    )


def _check_width(row: Sequence[Text], index: int, width: int) -> None:
    if len(row) != width:
        raise MalformedCsvError(
            f"{ROWS}[{index}] has {len(row)} fields, and must have {width}."
        )
