"""Where a request ends in the bytes that have arrived: found as they come in.

Nothing is judged here. gunicorn's parser is given exactly the bytes of one request; of
what is not plainly framed it is given all there is, refuses it or answers it, and the
connection is closed. So no two readers can take one request for two.
"""

import re
from dataclasses import dataclass

# https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length
FIELDS = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect|x-request-timeout-ms)"
    rb"[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
LENGTH = re.compile(rb"[0-9]{1,18}")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\r\n]*)?\r\n")
MILLISECONDS = re.compile(rb"[0-9]{1,9}")

# A line that begins a chunk is shorter than this, and so are all trailers together.
MAX_CHUNK_LINE = 4096


@dataclass(slots=True)
class Frame:
    """One request in a buffer: its bytes so far, and whether that is all of it.

    `size` is None while more has to come, and `expected` what it will be, where the
    head says so. A frame that `is_whole` leaves what follows it in the buffer to the
    next request; after any other the connection is closed.
    """

    size: int | None = None
    expected: int | None = None
    is_whole: bool = True
    awaits_continue: bool = False
    timeout_ms: int | None = None


class Framer:
    """Finds the end of the request that begins a buffer, however it is cut."""

    def __init__(self, max_head_bytes: int, max_body_bytes: int) -> None:
        self._max_head_bytes = max_head_bytes
        self._max_body_bytes = max_body_bytes
        self.frame = Frame()
        self._body = 0  # where the body begins, once the head is there
        self._chunk = 0  # where the next chunk begins
        self._is_over = False

    def read(self, buffer: bytearray, *, is_over: bool = False) -> Frame:
        """Return what is known of the first request, given all that has arrived.

        `is_over` says that nothing will follow.
        """
        frame = self.frame
        if not self._body:
            self._read_head(buffer)
        if self._body and frame.size is None:
            if frame.expected is None:
                self._skip_chunks(buffer)
            elif len(buffer) >= frame.expected:
                frame.size = frame.expected
        if frame.size is None and is_over:
            self._give_up(buffer)
        return frame

    @property
    def head_bytes(self) -> int:
        """Return how many bytes the head has, 0 while it is not all there."""
        return self._body

    def _give_up(self, buffer: bytearray) -> None:
        self.frame.size, self.frame.is_whole = len(buffer), False

    def _read_head(self, buffer: bytearray) -> None:
        end = buffer.find(b"\r\n\r\n", 2)  # an empty line may come before a request
        if end < 0:
            if len(buffer) > self._max_head_bytes or b"\n\n" in buffer:
                self._give_up(buffer)
            return
        self._body = end + 4
        lengths, encodings = [], []
        for name, value in FIELDS.findall(buffer, 0, end + 2):
            initial = name[:1]
            if initial in b"cC":
                lengths.append(value.strip())
            elif initial in b"tT":
                encodings.append(value.strip().lower())
            elif initial in b"eE":
                self.frame.awaits_continue = value.strip().lower() == b"100-continue"
            elif MILLISECONDS.fullmatch(value.strip()):
                self.frame.timeout_ms = int(value)
        self._read_length(buffer, lengths, encodings)

    def _read_length(
        self, buffer: bytearray, lengths: list[bytes], encodings: list[bytes]
    ) -> None:
        self._chunk = self._body
        if encodings == [b"chunked"] and not lengths:
            return
        if not lengths and not encodings:
            self.frame.expected = self._body
        elif len(lengths) == 1 and not encodings and LENGTH.fullmatch(lengths[0]):
            length = int(lengths[0])
            self.frame.expected = self._body + length
            # The head alone is enough to refuse a body that is too large.
            if length > self._max_body_bytes:
                self._give_up(buffer)
        else:
            self._give_up(buffer)

    def _skip_chunks(self, buffer: bytearray) -> None:
        """Go from chunk to chunk, as far as they have arrived.

        More than the largest body in any form is given up: to be refused.
        """
        while True:
            line = CHUNK.match(buffer, self._chunk)
            if line is None:
                if (
                    len(buffer) - self._chunk > MAX_CHUNK_LINE
                    or buffer.find(b"\n", self._chunk) >= 0
                ):
                    self._give_up(buffer)
                break
            size = int(line[1], 16)
            if size == 0:
                self._skip_trailers(buffer, line.end() - 2)
                break
            following = line.end() + size + 2
            if following > len(buffer):
                break
            self._chunk = following
        if self.frame.size is None and len(buffer) > self._find_most():
            self._give_up(buffer)

    def _skip_trailers(self, buffer: bytearray, start: int) -> None:
        end = buffer.find(b"\r\n\r\n", start)
        if end >= 0:
            self.frame.size = end + 4
        elif len(buffer) - start > MAX_CHUNK_LINE:
            self._give_up(buffer)

    def _find_most(self) -> int:
        """Return the bytes at which a chunked body is refused, lines included."""
        return self._body + 2 * self._max_body_bytes + MAX_CHUNK_LINE
