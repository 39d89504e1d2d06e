"""Answers as bytes: all that a server sent before it closed the connection."""

import http.client
import io
import re
from dataclasses import dataclass

STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9]{2}) [^\r\n]*\r\n")


@dataclass(frozen=True)
class Answer:
    """One answer; a status below 200 is interim, and the final one follows."""

    version: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes = b""

    @property
    def is_final(self) -> bool:
        """Whether this answers the request."""
        return self.status >= 200

    @property
    def request_id(self) -> str:
        """The id of the request that this answers."""
        return str(self.headers["X-Request-ID"])


def parse_answers(data: bytes, *, to_head: bool) -> list[Answer]:
    """Return all answers in what was received, to the last byte.

    `to_head` says that the first request was HEAD, whose answer has no body. Only a 400
    at the end may have one: whoever cannot read a request does not know its method.
    """
    stream, answers = io.BytesIO(data), list[Answer]()
    while line := stream.readline():
        found = STATUS_LINE.fullmatch(line)
        assert found, f"no status line of HTTP/1: {line!r}"
        status, headers = int(found[2]), http.client.parse_headers(stream)
        size = int(headers["Content-Length"] or 0)
        is_to_head = to_head and not any(answer.is_final for answer in answers)
        is_unread = status == 400 and len(data) == stream.tell() + size
        if status < 200 or status in {204, 304} or (is_to_head and not is_unread):
            size = 0
        body = stream.read(size)
        assert len(body) == size, f"{size - len(body)} bytes more were to come"
        answers.append(Answer(found[1].decode(), status, headers, body))
    return answers
