"""Reads one request as it arrives, however its bytes are cut.

gunicorn's push parser, the one of its ASGI worker, reads each head once, frames chunked
bodies and judges both. A body of known length is counted here: that is no parsing.
"""

import re
import weakref
from functools import partial
from typing import Any

from gunicorn.asgi.parser import ParseError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
)

from service.server.parser import StrictParser
from service.server.refusals import find_refusal
from service.server.request import Request, begin_request, build_stand_in

# The parser knows HTTP/1.0 and 1.1. To a newer minor version a server answers with its
# own: https://www.rfc-editor.org/rfc/rfc9110#section-2.5
NEWER_MINOR = re.compile(rb" HTTP/1\.[2-9]\r\n")
OWN_VERSION = b" HTTP/1.1\r\n"

# A head is parsed in pieces of this size: what it leaves of the last one is of the body
# or of the next request, and is read again.
PIECE_BYTES = 4096

# Eight fields of the largest size, or hundreds of the usual one. Servers and proxies
# allow 8 to 64 KiB by default.
LARGEST_FIELDS = 8

# What chunks may cost beside their data: a thousand tiny ones, or in the long run one
# line for every 24 bytes. A chunk takes some 3 microseconds, whatever its size.
FREE_OVERHEAD_BYTES = 64 * 1024
OVERHEAD_SHARE = 4

# After this many chunks, 0.4 milliseconds, the event loop turns to others. They are
# parsed in pieces of this size, which hold 85 of them, or to the end of a chunk.
CHUNKS_A_TURN = 128
CHUNKS_PIECE_BYTES = 512


class RequestReader:
    """Takes one request out of a buffer.

    `request` is there once the head is, and the body is in it once `is_complete`. Where
    the request must not be answered as it asks, `refusal` is what to answer instead,
    and `fault` names what is malformed, for the log. After a refusal it is not known
    where a next request begins: the connection has to be closed. A reader that
    `is_paused` is to be asked again for what is in the buffer already.
    """

    def __init__(self, cfg: Any, max_body_bytes: int) -> None:
        self.request: Request | None = None
        self.is_complete = False
        self.is_paused = False
        self.refusal: HTTPException | None = None
        self.fault: str | None = None
        self._max_line_bytes = cfg.limit_request_line
        self._max_body_bytes = max_body_bytes
        self._max_head_bytes = LARGEST_FIELDS * cfg.limit_request_field_size
        self._searched = 0  # bytes without the end of the first line
        self._head_bytes = 0
        self._body = bytearray()  # of chunks
        self._parsed_bytes = 0  # of chunks and what is around them
        self._chunks = 0
        # A cycle would keep each body until the next run of the garbage collector.
        reader = weakref.proxy(self)
        self._parser = StrictParser(
            on_headers_complete=partial(RequestReader._take_head, reader),
            on_body=partial(RequestReader._keep_chunk, reader),
            limit_request_line=cfg.limit_request_line,
            limit_request_fields=cfg.limit_request_fields,
            limit_request_field_size=cfg.limit_request_field_size,
        )

    @property
    def size(self) -> int:
        return len(self._body)

    def read(self, buffer: bytearray) -> None:
        """Take out of a buffer what belongs to the request, as far as it is there."""
        try:
            if self.request is None:
                self._read_head(buffer)
            if self.request is not None and not self.is_complete:
                self._read_body(self.request, buffer)
        except (ParseError, ValueError) as error:  # a length of thousands of digits
            self.fault = type(error).__name__
            self.refuse(find_refusal(error))
        except HTTPException as refusal:
            if not isinstance(refusal, RequestEntityTooLarge):  # which is well formed
                self.fault = self.fault or type(refusal).__name__
            self.refuse(refusal)

    def end(self) -> None:
        """Note that nothing follows: what is not complete will never be."""
        if self.request is not None and not self.is_complete:
            self.fault = "IncompleteBody"
            self.refuse(BadRequest("The body is shorter than its headers announce."))

    def refuse(self, refusal: HTTPException) -> Request:
        """Return what of the request is known, to be answered with a refusal."""
        self.refusal = refusal
        self._body.clear()
        if self.request is None:
            self.request = build_stand_in(self._parser.path or b"")
        self.request.force_close()
        return self.request

    # The head

    def _read_head(self, buffer: bytearray) -> None:
        parser, read = self._parser, 0
        while self.request is None and (piece := self._find_piece(buffer, read)):
            read += len(piece)
            parser.feed(piece)
            if self.request is None:
                self._head_bytes += len(piece)
                if self._head_bytes > self._max_head_bytes:
                    raise RequestHeaderFieldsTooLarge("The head is too long.")
        self._consume(buffer, read)

    def _find_piece(self, buffer: bytearray, start: int) -> bytes:
        """Return what to parse next: the first line as a whole, then whatever comes."""
        if self._head_bytes or start:
            return bytes(buffer[start : start + PIECE_BYTES])
        first = 2 if buffer.startswith(b"\r\n") else 0  # an empty line may come before
        end = buffer.find(b"\n", max(first, self._searched)) + 1
        if not end:
            self._searched = len(buffer)
            is_short = len(buffer) <= self._max_line_bytes + 2 + first
            return b"" if is_short else bytes(buffer)
        if buffer.endswith(OWN_VERSION, 0, end):
            return bytes(buffer[:PIECE_BYTES])
        return NEWER_MINOR.sub(OWN_VERSION, bytes(buffer[:end]))

    def _take_head(self) -> bool:
        """Judge the head; return whether the parser is to leave the body alone."""
        parser = self._parser
        request = self.request = begin_request(parser)
        request.read_headers(parser.headers)
        request.read_target()
        if (parser.content_length or 0) > self._max_body_bytes:
            raise self._too_large()
        return not parser.is_chunked

    # The body

    def _read_body(self, request: Request, buffer: bytearray) -> None:
        length = request.content_length
        if length is None:
            self._read_chunks(request, buffer)
        elif len(buffer) >= length:
            request.set_body(bytes(memoryview(buffer)[:length]))
            del buffer[:length]
            self.is_complete = True

    def _read_chunks(self, request: Request, buffer: bytearray) -> None:
        parser, read = self._parser, 0
        self._bound_chunks()  # those that came with the head
        last = self._chunks + CHUNKS_A_TURN
        while read < len(buffer) and not parser.is_complete and self._chunks < last:
            size = max(CHUNKS_PIECE_BYTES, parser.chunk_left)
            read += self._parse_piece(bytes(buffer[read : read + size]))
        self._consume(buffer, read)
        self.is_paused = bool(buffer) and not parser.is_complete
        if parser.is_complete:
            request.set_body(bytes(self._body))
            self._body.clear()
            self.is_complete = True

    def _parse_piece(self, piece: bytes) -> int:
        """Parse a piece of the chunks, and return its size."""
        self._parser.feed(piece)
        self._parsed_bytes += len(piece)
        self._bound_chunks()
        return len(piece)

    def _keep_chunk(self, data: bytes) -> None:
        self._body += data
        self._chunks += 1

    def _bound_chunks(self) -> None:
        """Raise an HTTPException where the body, or all around it, is too large."""
        data = len(self._body)
        if data + self._parser.chunk_left > self._max_body_bytes:
            raise self._too_large()
        overhead = self._parsed_bytes - data
        if overhead > FREE_OVERHEAD_BYTES + data // OVERHEAD_SHARE:
            self.fault = "TinyChunks"
            raise BadRequest("The chunks of the body are too small.")

    def _consume(self, buffer: bytearray, size: int) -> None:
        """Drop what was parsed, but for what follows a message that is complete."""
        if size:  # else nothing was parsed now, and what follows lies in the buffer
            del buffer[: size - len(self._parser.remaining())]

    def _too_large(self) -> RequestEntityTooLarge:
        return RequestEntityTooLarge(f"The body is over {self._max_body_bytes} bytes.")
