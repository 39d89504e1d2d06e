"""Places in errors and warnings, counted over the whole input."""

import re
from collections.abc import Iterable

from model_service_client.errors import Violation
from model_service_client.table import Rows, Table

# The row in a place: instances[3].Age, or columns.Age[3].
ROW_OF_INSTANCE = re.compile(
    r"(?P<before>instances\[)(?P<row>\d+)(?P<after>\].*)", re.S
)
ROW_OF_COLUMN = re.compile(r"(?P<before>columns\..*\[)(?P<row>\d+)(?P<after>\])", re.S)


def shift_places(
    places: Iterable[Violation], start: int, table: Rows | Table
) -> list[Violation]:
    """Return places of a part with their rows counted over the whole input."""
    return [
        Violation(_shift_path(path, start, table), message) for path, message in places
    ]


def _shift_path(path: str, start: int, table: Rows | Table) -> str:
    if isinstance(table, Table) and path.removeprefix("columns.") in table.columns:
        return path  # of a column as a whole, whose name may end as a row does
    found = ROW_OF_INSTANCE.fullmatch(path) or ROW_OF_COLUMN.fullmatch(path)
    if not found:
        return path
    return f"{found['before']}{int(found['row']) + start}{found['after']}"
