"""A file in JSON Lines, read in pieces: it may be larger than memory."""

import operator
import sys
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from service.model.contract.features import Contract
from service.model.contract.lines_form import read_lines
from service.model.contract.strict_json import pausing_collector
from service.model.errors import DataFileError, MalformedJsonError

LINES_SUFFIXES = (".jsonl", ".ndjson")

# As many bytes as a request may have unless it is set otherwise. As lists of numbers
# they take up to ten times the memory.
PIECE_BYTES = 8 * 2**20


def is_lines_file(path: Path) -> bool:
    """Return True if a file is in JSON Lines, by its name."""
    return path.suffix in LINES_SUFFIXES


def iterate_lines(path: Path, most: int) -> Iterator[list[Any]]:
    """Yield what the lines of a file hold, at most so many at a time.

    Pieces of one file are the same at each reading. Raises DataFileError.
    """
    first = 0
    with path.open("rb") as file:
        while piece := [*_take_piece(file, most)]:
            try:
                with pausing_collector():
                    rows = read_lines(b"".join(piece), sys.maxsize, first)
            except MalformedJsonError as error:
                raise DataFileError(f"{path}: {error}") from None
            yield rows
            first += len(piece)


def _take_piece(lines: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield the lines of a piece: of images there are a few."""
    size = 0
    for count, line in enumerate(lines, 1):
        yield line
        size += len(line)
        if count >= most or size >= PIECE_BYTES:
            return


def iterate_instances(
    path: Path, contract: Contract, target: str, most: int
) -> Iterator[list[Any]]:
    """Yield what the lines hold as requests may hold it, without other fields.

    Of a model that takes any fields, the target alone is another. Raises DataFileError.
    """
    names = {feature.name for feature in contract.features}
    is_kept = names.__contains__
    if contract.table == "mapping":
        is_kept = partial(operator.ne, target)
    for rows in iterate_lines(path, most):
        yield [
            {name: row[name] for name in filter(is_kept, row)}
            if type(row) is dict
            else row
            for row in rows
        ]


def iterate_fields(
    path: Path, names: Sequence[str], required: Collection[str], most: int
) -> Iterator[list[dict[str, Any]]]:
    """Yield some fields of each line, which are no lists and no objects.

    Raises DataFileError, where one that is required is missing, too.
    """
    first = 0
    for rows in iterate_lines(path, most):
        for index, row in enumerate(rows, first):
            fields = row if type(row) is dict else {}
            for name in required:
                if isinstance(fields.get(name, []), list | dict):
                    raise DataFileError(
                        f"{path}: lines[{index}] has no plain value of {name}."
                    )
        yield [{name: row[name] for name in names if name in row} for row in rows]
        first += len(rows)
