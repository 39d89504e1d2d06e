"""What an address of HTTP answers to whoever has a key."""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import Any

SECONDS = 10
MOST_BYTES = 64 * 2**20
PIECE_BYTES = 2**16

KEY_HINT = ": the key needs the scope metrics"
HINTS = {
    400: ": Prometheus does not understand the selector",
    401: KEY_HINT,
    403: KEY_HINT,
}


class _StayingHandler(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would take the key to wherever that leads."""

    def redirect_request(self, *_: object) -> None:
        """Leave the answer as it is."""


OPENER = urllib.request.build_opener(_StayingHandler)


class SourceError(Exception):
    """What was asked does not say what a version counts; the sentence says why."""


class UnreachableError(SourceError):
    """Nothing answers where a version should."""


@dataclass(frozen=True)
class HttpAnswer:
    """What an address answered."""

    status: int
    headers: Message
    content: bytes


def fetch(address: str, key: str = "") -> str:
    """Return the text of an address that answers with 200.

    Raises SourceError, or UnreachableError.
    """
    answer = ask(address, key)
    place = split_address(address).netloc
    if answer.status >= 300:
        hint = HINTS.get(answer.status, "")
        raise SourceError(f"{place} answers {answer.status}{hint}.")
    try:
        return answer.content.decode()
    except UnicodeDecodeError:
        raise SourceError(f"{place} answers no text.") from None


def ask(address: str, key: str = "") -> HttpAnswer:
    """Return what an address answers, with whatever status.

    Raises SourceError where it cannot be asked, or UnreachableError.
    """
    place = split_address(address).netloc
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - checked
    try:
        with OPENER.open(request, timeout=SECONDS) as answer:
            return HttpAnswer(answer.status, answer.headers, _read_content(answer))
    except urllib.error.HTTPError as refusal:
        return _read_refusal(refusal)
    except http.client.HTTPException:
        raise UnreachableError(f"{place} does not answer in HTTP.") from None
    except ValueError:  # whose text would quote the key
        raise SourceError(f"{place} cannot be asked with this key.") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{place} does not answer: {reason}.") from None


def _read_content(answer: Any) -> bytes:
    """Return a body, of which all has to come in time: a timeout is of each piece."""
    end, content = time.monotonic() + SECONDS, bytearray()
    while len(content) < MOST_BYTES and (piece := answer.read1(PIECE_BYTES)):
        if time.monotonic() > end:
            raise TimeoutError("it sends too slowly")
        content += piece
    return bytes(content)


def _read_refusal(refusal: urllib.error.HTTPError) -> HttpAnswer:
    """Return a refusal, without its body where that breaks off: it did answer."""
    content = b""
    with refusal, suppress(OSError, http.client.HTTPException):
        content = _read_content(refusal)
    return HttpAnswer(refusal.code, refusal.headers, content)


def split_address(address: str) -> urllib.parse.SplitResult:
    """Return the parts of an address of HTTP. Raises SourceError."""
    place = address.partition("?")[0]
    refusal = SourceError(f"{place} is no address of HTTP.")
    try:
        parts = urllib.parse.urlsplit(address)
        is_known = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        raise refusal from None
    if not is_known or not parts.hostname:
        raise refusal
    return parts
