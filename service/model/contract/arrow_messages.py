"""The messages of an Arrow stream, looked at before Arrow itself reads any of them.

How many rows they announce, and what the service refuses: compressed buffers, of which
6 kB may be 200 MB, another byte order, and dictionaries that grow or are replaced, of
which each batch would keep its own.

https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
"""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from service.model.errors import MalformedArrowError, TooManyInstancesError

CONTINUATION = 0xFFFFFFFF
SCHEMA, DICTIONARY, BATCH = 1, 2, 3

# A writer makes one batch of some thousands of rows, or a few. Python looks at each
# message for 20 microseconds.
MAX_MESSAGES = 1000
MAX_COLUMNS = 10_000

CUT_SHORT = "The Arrow stream is cut short, or is none."


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer, whose fields have numbers.

    https://flatbuffers.dev/internals/
    """

    data: memoryview
    at: int

    def find(self, field: int) -> int | None:
        """Return where a field lies, None where it has its default."""
        start = self.at - self.read("i", self.at)
        place = 4 + 2 * field
        offset = self.read("H", start + place) if place < self.read("H", start) else 0
        return self.at + offset if offset else None

    def read(self, form: str, at: int) -> int:
        """Return the number at a place. Raises struct.error outside of the data."""
        if at < 0:  # which struct would count from the end
            raise struct.error
        return int(struct.unpack_from(f"<{form}", self.data, at)[0])

    def read_field(self, field: int, form: str) -> int:
        at = self.find(field)
        return 0 if at is None else self.read(form, at)

    def enter(self, field: int) -> "Table":
        """Return the table that a field refers to."""
        at = self.find(field)
        if at is None:
            raise struct.error
        return Table(self.data, at + self.read("I", at))


def check_messages(body: bytes, max_rows: int) -> None:
    """Raise MalformedArrowError or TooManyInstancesError for what is not to be read."""
    try:
        _check(body, max_rows)
    except struct.error:
        raise MalformedArrowError(CUT_SHORT) from None


def _check(body: bytes, max_rows: int) -> None:
    rows, known = 0, set[int]()
    messages = _iterate_messages(body)
    _check_schema(next(messages, None))
    for index, message in enumerate(messages, 1):
        if index == MAX_MESSAGES:
            raise MalformedArrowError(
                f"The Arrow stream has over {MAX_MESSAGES} messages: send larger record"
                " batches."
            )
        kind, content = message.read_field(1, "B"), message.enter(2)
        if kind == DICTIONARY:
            name = _name_dictionary(content, known)
            known.add(name)
            _read_count(content.enter(1), len(body))
        elif kind == BATCH:
            rows += _read_count(content, max_rows - rows)
        else:
            raise MalformedArrowError("The Arrow stream holds more than a table.")


def _name_dictionary(content: Table, known: Collection[int]) -> int:
    name = content.read_field(0, "q")
    if name in known or content.read_field(2, "B"):
        raise MalformedArrowError(
            "A dictionary of the Arrow stream changes between its batches: send one for"
            " all, or plain values."
        )
    return name


def _read_count(content: Table, most: int) -> int:
    """Return the rows of a record batch, or the values of a dictionary."""
    if content.find(3) is not None:
        raise MalformedArrowError("The Arrow stream must not be compressed.")
    count = content.read_field(0, "q")
    if count < 0:
        raise struct.error
    if count > most:
        raise TooManyInstancesError(
            "The Arrow stream has more rows than one request may hold."
        )
    return count


def _check_schema(message: Table | None) -> None:
    if message is None or message.read_field(1, "B") != SCHEMA:
        raise MalformedArrowError(CUT_SHORT)
    schema = message.enter(2)
    if schema.read_field(0, "h"):
        raise MalformedArrowError("The Arrow stream must be little-endian.")
    fields = schema.enter(1)
    if schema.read("I", fields.at) > MAX_COLUMNS:
        raise MalformedArrowError(f"The Arrow stream has over {MAX_COLUMNS} columns.")


def _iterate_messages(body: bytes) -> Iterator[Table]:
    """Yield the root table of each message. Raises struct.error where one is cut."""
    data, at = memoryview(body), 0
    while at < len(data):
        marker, size = struct.unpack_from("<Ii", data, at)
        if marker != CONTINUATION or size < 0:
            raise struct.error
        at += 8
        if not size:  # the end of the stream
            break
        metadata = data[at : at + size]
        (root,) = struct.unpack_from("<I", metadata)
        message = Table(metadata, root)
        length = message.read_field(3, "q")
        at += size + length
        if length < 0 or at > len(data):
            raise struct.error
        yield message
    if at != len(data):
        raise MalformedArrowError("Bytes follow the end of the Arrow stream.")
