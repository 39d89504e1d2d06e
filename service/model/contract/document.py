"""A decoded request, before it is validated: by row or by column."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import orjson

from service.model.contract.column_form import COLUMNS, Place, count_rows
from service.model.contract.fast_path import Columns
from service.model.contract.faults import INSTANCES
from service.model.contract.tensor_columns import write_array


class Document(msgspec.Struct, frozen=True):
    """A decoded body and the number of its instances, to be validated.

    `columns` are set if the fast path has read them, and found them valid; `is_known`
    if training saw all their values. Otherwise `content` is the JSON document, as it is
    where columns came in another form than JSON. `place` names a value of a request
    that came by column, None of one that came by row, and `root` all instances in the
    form that they came in.
    """

    count: int
    columns: Columns | None = None
    is_known: bool = False
    content: Any = None
    place: Place | None = None
    root: str = INSTANCES

    def write(self) -> bytes:
        """Return the JSON of columns that came in another form."""
        # An array is no type of JSON's own.
        return orjson.dumps(self.content, default=write_array)

    def iterate_names(self) -> Iterator[tuple[str, int | None]]:
        """Yield the names that `content` gives to values, those of no feature, too.

        Each comes with the index of its row, or without where it names a column.
        """
        if self.place:
            yield from ((name, None) for name in self.content[COLUMNS])
            return
        for index, row in enumerate(self.content[INSTANCES]):
            yield from ((name, index) for name in row)


def count_instances(content: Any, names: Iterable[str], *, by_column: bool) -> int:
    """Count the instances of a JSON document, whose features have those names."""
    if by_column:
        return count_rows(content[COLUMNS], names)
    rows = content.get(INSTANCES) if isinstance(content, dict) else None
    return len(rows) if isinstance(rows, list) else 0


def place_in_row(name: str, index: int | None) -> str:
    return f"{INSTANCES}[{index}].{name}"
