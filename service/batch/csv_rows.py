"""Where the rows of CSV begin and end, and what is no row of it."""

import re
from typing import Any

import numpy as np

QUOTE, LINE_BREAK = b'"\n'

# The longest row. A quote that is never closed would else be waited for in memory.
MAX_ROW_BYTES = 64 * 2**20

# A quote in the middle of a field, which ends or begins none: it is doubled, or the
# file is no CSV.
STRAY_QUOTE = re.compile(rb'[^,\r\n"]"[^,\r\n"]')

# Ends a row for pyarrow, and not by RFC 4180.
LONE_RETURN = re.compile(rb"\r(?!\n)")

EMPTY_LINES = (b"\n\n", b"\n\r\n")


def read_header(file: Any) -> bytes:
    """Return the first row, in whose quotes a line may end."""
    row: bytes = file.readline(MAX_ROW_BYTES)
    while row.count(b'"') % 2 and len(row) < MAX_ROW_BYTES:
        line = file.readline(MAX_ROW_BYTES)
        if not line:
            break
        row += line
    return row


def find_fault(rows: bytes) -> str | None:
    """Return what is wrong with rows that pyarrow would read, or None."""
    if STRAY_QUOTE.search(rows):
        return "a quote in a field is not doubled"
    return "it holds a NUL" if b"\0" in rows else None


def may_have_empty_lines(rows: bytes) -> bool:
    """Return True if a line is empty, which may lie within quotes."""
    starts = tuple(each.removeprefix(b"\n") for each in EMPTY_LINES)
    return rows.startswith(starts) or any(each in rows for each in EMPTY_LINES)


def count_rows(rows: bytes) -> int:
    """Return how many whole rows there are, of which the last may lack its line break.

    A line break within quotes ends no row: an odd number of quotes stands before it.
    """
    found = np.frombuffer(rows, np.uint8)
    ends = found == LINE_BREAK
    if QUOTE in rows:
        ends &= ~np.logical_xor.accumulate(found == QUOTE)
    return int(np.count_nonzero(ends)) + (not rows.endswith(b"\n"))


def find_end(rows: bytes) -> int:
    """Return where the last whole row ends, 0 if none does."""
    end = rows.rfind(b"\n")
    quotes = rows.count(b'"', 0, max(end, 0))
    while end >= 0 and quotes % 2:
        before = rows.rfind(b"\n", 0, end)
        quotes -= rows.count(b'"', max(before, 0), end)
        end = before
    return end + 1
