"""A request, as gunicorn builds the WSGI environ of it and writes its answer.

Its connection and its target are those of https://www.rfc-editor.org/rfc/rfc9112.
"""

import re
from io import BytesIO
from urllib.parse import urlsplit

from gunicorn.asgi.parser import PythonProtocol
from werkzeug import exceptions

# A name, an IPv4 address or one of IPv6 in brackets, and perhaps a port:
# https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
HOST = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|([\w\-.~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(:[0-9]{0,5})?",
    re.ASCII,
)
MILLISECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)

HTTP_1_1 = (1, 1)

# The path of a request until its target is read: no refusal counts as a page's.
NO_ROUTE = "/unread"


class Request:
    """The head of a request, and its body once that is here.

    `content_length` is None where the body comes in chunks; a caller that
    `awaits_continue` sends no body before it is asked to, and waits for `timeout_ms`.
    """

    scheme = "http"  # a proxy may end TLS in front of this service
    proxy_protocol_info = None
    _expected_100_continue = False  # gunicorn would ask for a body that is here already

    def __init__(self, method: str, uri: str, version: tuple[int, int]) -> None:
        self.method, self.uri, self.version = method, uri, version
        self.path, self.query = NO_ROUTE, ""
        self.headers: list[tuple[str, str]] = []
        self.content_length: int | None = 0
        self.awaits_continue = False
        self.timeout_ms: int | None = None
        self.body = BytesIO()
        self._must_close = False
        self._connection: set[str] = set()

    @property
    def is_health(self) -> bool:
        return self.method in ("GET", "HEAD") and self.path.startswith("/health")

    @property
    def is_scrape(self) -> bool:
        return self.method == "GET" and self.path == "/metrics"

    @property
    def body_bytes(self) -> int:
        return self.body.getbuffer().nbytes

    def set_body(self, body: bytes) -> None:
        self.body = BytesIO(body)

    def force_close(self) -> None:
        self._must_close = True

    def should_close(self) -> bool:
        """Return True if the connection ends with the answer: RFC 9112, section 9.3."""
        if self._must_close or "close" in self._connection:
            return True
        return self.version < HTTP_1_1 and "keep-alive" not in self._connection

    def read_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the headers, named in lower case. Raises HTTPException.

        A name with an underscore is left out: WSGI would take it for a hyphen.
        """
        hosts: list[str] = []
        for raw_name, raw_value in headers:
            name, value = raw_name.decode("ascii").upper(), raw_value.decode("latin-1")
            if "_" in name:
                continue
            self.headers.append((name, value))
            if name == "HOST":
                hosts.append(value)
            elif name == "CONNECTION":
                self._connection.update(
                    token.strip(" \t") for token in value.lower().split(",")
                )
            elif name == "EXPECT":
                self._read_expectation(value)
            elif name == "X-REQUEST-TIMEOUT-MS" and MILLISECONDS.fullmatch(value):
                self.timeout_ms = int(value)
            elif name == "TRANSFER-ENCODING" and value.lower() != "chunked":
                raise exceptions.NotImplemented(
                    "Transfer-Encoding may only be chunked."
                )
        self._check_host(hosts)

    def read_target(self) -> None:
        """Take the path and the query out of the target. Raises HTTPException."""
        if self.method == "CONNECT":
            self.force_close()
            raise exceptions.NotImplemented("This service opens no tunnels.")
        target = self.uri
        if not target.startswith(("/", "*")):
            target = self._read_absolute(target)
        self.path, _, self.query = target.partition("#")[0].partition("?")

    def _read_absolute(self, target: str) -> str:
        """Return the rest of a target in absolute form, whose host is the one meant."""
        try:
            parts = urlsplit(target)
        except ValueError:
            raise exceptions.BadRequest("The first line is malformed.") from None
        is_known = parts.scheme in ("http", "https")
        if not is_known or not parts.netloc or not HOST.fullmatch(parts.netloc):
            raise exceptions.BadRequest("The first line is malformed.")
        self.headers = [each for each in self.headers if each[0] != "HOST"]
        self.headers.append(("HOST", parts.netloc))
        return f"{parts.path or '/'}?{parts.query}"

    def _read_expectation(self, value: str) -> None:
        if self.version < HTTP_1_1:
            return
        if value.lower() != "100-continue":
            raise exceptions.ExpectationFailed("Expect may only ask for 100-continue.")
        self.awaits_continue = True

    def _check_host(self, hosts: list[str]) -> None:
        """Raise BadRequest unless there is one host: RFC 9112, section 3.2."""
        if not hosts and self.version >= HTTP_1_1:
            raise exceptions.BadRequest("The header Host is missing.")
        if not all(map(HOST.fullmatch, hosts)):
            raise exceptions.BadRequest("The header Host is malformed.")


def begin_request(parser: PythonProtocol) -> Request:
    """Return the request of a parser that has read the first line."""
    method, uri = parser.method.decode("ascii"), parser.path.decode("ascii")
    request = Request(method, uri, parser.http_version)
    request.content_length = None if parser.is_chunked else parser.content_length or 0
    return request


def build_stand_in(target: bytes) -> Request:
    """Return a request for a head that could not be read: it matches no route.

    Its `uri` is the target all the same, where the first line held one.
    """
    return Request("UNREAD", target.decode("latin-1") or NO_ROUTE, HTTP_1_1)
