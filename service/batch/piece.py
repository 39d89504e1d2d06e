"""A part of an input file, which one process scores, and how it is found and read.

Where pieces begin depends on the files alone, and not on how many processes there are:
an interrupted run finds the same ones again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from service.batch.arrow import pa
from service.model.errors import DataFileError, escape_controls

# What is asked at a time.
ROWS_AT_A_TIME = 16_384

# A piece is scored in half a second: little is lost with a process, and writing down
# that it is done takes a hundredth of that.
ROWS_OF_PIECE = 131_072
BYTES_OF_PIECE = 8 * 2**20


# What is given the features of a table, and returns them by name as a codec takes them.
ReadFeatures = Callable[[Any], Mapping[str, Any]]


class Part(msgspec.Struct, frozen=True):
    """Where a piece lies in its file: from `start` to before `end`.

    These are rows, bytes or record batches. `row` is the number of its first row, from
    0, and `rows` how many there are. `weight` is its share of the file's bytes.
    """

    start: int
    end: int
    row: int
    rows: int
    weight: int


class Source(Protocol):
    """An input file: its columns, its pieces, and their rows."""

    path: Path
    schema: Any

    def iterate_parts(self) -> Iterator[Part]:
        """Yield the pieces in order. Raises DataFileError."""

    def read(self, part: Part, names: Sequence[str]) -> Iterator[Any]:
        """Yield tables of some rows of a piece, in order. Raises DataFileError."""

    @property
    def read_features(self) -> ReadFeatures | None:
        """What returns features as a codec takes them, None if they are Arrow's."""


class Piece(msgspec.Struct, frozen=True):
    """A part of an input, by their numbers in the whole run."""

    index: int
    file: int
    part: Part


@contextmanager
def refuse_unreadable(path: Path) -> Iterator[None]:
    """Raise DataFileError for what the system or pyarrow says of a file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or _cut(error)
    except (pa.ArrowException, ValueError) as error:
        reason = _cut(error)
    else:
        return
    raise DataFileError(f"{path} cannot be read: {reason}.")


def _cut(error: Exception) -> str:
    """Return the first sentence of pyarrow's, which holds no value of a file."""
    first = str(error).partition("\n")[0].partition(". ")[0]
    return escape_controls(first).strip().rstrip(".") or type(error).__name__
