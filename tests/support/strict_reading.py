"""What a reader that takes RFC 9112 at its word finds in the bytes of a connection.

It is here to be compared with: it forgives nothing in a head or around a body, knows no
limit, and looks neither at values that frame nothing nor into the body.
"""

import re
from dataclasses import dataclass

# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 and #section-5.5
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TEXT = rb"[\t\x20-\x7e\x80-\xff]*"

# https://www.rfc-editor.org/rfc/rfc9112#section-3: any target, if of one word. A newer
# minor version is read as 1.1: https://www.rfc-editor.org/rfc/rfc9110#section-2.5
REQUEST_LINE = re.compile(rb"(%b) [\x21-\x7e]+ HTTP/1\.([0-9])\r\n" % TOKEN)
FIELD = re.compile(rb"(%b):(%b)\r\n" % (TOKEN, TEXT))

# https://www.rfc-editor.org/rfc/rfc9112#section-7.1
QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
EXTENSION = rb"[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?" % (TOKEN, TOKEN, QUOTED)
CHUNK = re.compile(rb"([0-9A-Fa-f]+)(?:%b)*\r\n" % EXTENSION)
LENGTH = re.compile(rb"[0-9]+")


class MalformedError(Exception):
    """Here is no request, or not all of one."""


@dataclass(frozen=True)
class Reading:
    """One request, or what stands where one should be: that `is_malformed`."""

    line: bytes
    is_malformed: bool = False


def read_requests(data: bytes) -> list[Reading]:
    """Return the requests of a connection; nothing is read behind what is malformed."""
    readings: list[Reading] = []
    at = 0
    while at < len(data):
        at += 2 * data.startswith(b"\r\n", at)  # one empty line is passed over
        if at == len(data):
            break
        line = data[at:].split(b"\r\n", 1)[0]
        try:
            at, closes = _read_request(data, at)
        except MalformedError:
            return [*readings, Reading(line, is_malformed=True)]
        readings.append(Reading(line))
        if closes:
            break
    return readings


def _read_request(data: bytes, at: int) -> tuple[int, bool]:
    """Return where a request ends, and whether it is the last of its connection."""
    line = _match(REQUEST_LINE, data, at)
    minor = int(line[2])
    fields, at = _read_fields(data, line.end())
    hosts = len(fields.get(b"host", []))
    if hosts > 1 or (minor and not hosts):
        raise MalformedError
    codings, lengths = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if codings:
        if lengths or not minor or [each.lower() for each in codings] != [b"chunked"]:
            raise MalformedError
        at = _skip_chunks(data, at)
    elif lengths:
        if len(lengths) > 1 or not LENGTH.fullmatch(lengths[0]):
            raise MalformedError
        at += int(lengths[0])
    if at > len(data):
        raise MalformedError
    options = b",".join(fields.get(b"connection", [])).lower().split(b",")
    said = {option.strip(b" \t") for option in options}
    return at, b"close" in said or not (minor or b"keep-alive" in said)


def _read_fields(data: bytes, at: int) -> tuple[dict[bytes, list[bytes]], int]:
    """Return the values of fields by name, and what follows the empty line."""
    fields: dict[bytes, list[bytes]] = {}
    while not data.startswith(b"\r\n", at):
        field = _match(FIELD, data, at)
        fields.setdefault(field[1].lower(), []).append(field[2].strip(b" \t"))
        at = field.end()
    return fields, at + 2


def _skip_chunks(data: bytes, at: int) -> int:
    """Return where a chunked body ends, trailers included."""
    size = -1
    while size:
        line = _match(CHUNK, data, at)
        size, at = int(line[1], 16), line.end()
        if size:
            at += size + 2
            if data[at - 2 : at] != b"\r\n":
                raise MalformedError
    return _read_fields(data, at)[1]


def _match(pattern: re.Pattern[bytes], data: bytes, at: int) -> re.Match[bytes]:
    found = pattern.match(data, at)
    if found is None:
        raise MalformedError
    return found
