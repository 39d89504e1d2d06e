"""Requests in JSON Lines: a JSON text on each line, which is an instance.

https://jsonlines.org
"""

from typing import Any

from service.model.contract.strict_json import check_keys, decode
from service.model.errors import MalformedJsonError, TooManyInstancesError

LINES = "lines"


def read_lines(body: bytes, max_rows: int, first: int = 0) -> list[Any]:
    """Return what each line of a body holds, of which one is the first.

    Raises MalformedJsonError or TooManyInstancesError.
    """
    text = body.removesuffix(b"\n")
    if text.count(b"\n") >= max_rows:
        raise TooManyInstancesError(
            f"The body has more lines than the {max_rows} instances that one request"
            " may hold."
        )
    lines = text.split(b"\n")
    rows = [_read_line(line, index) for index, line in enumerate(lines, first)]
    check_keys(rows, b"[%b]" % b",".join(lines))
    return rows


def _read_line(line: bytes, index: int) -> Any:
    try:
        return decode(line)
    except MalformedJsonError as error:
        told = str(error).removeprefix("The body")
        raise MalformedJsonError(f"{LINES}[{index}]{told}") from None
