"""Static files, read and compressed once, and sent from memory.

However many callers ask for one, or read it slowly, there is one copy of it: every
answer's body is the same object, made before workers are forked.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Thread

import flask_swagger_ui
from flask import Request
from werkzeug.datastructures import Accept
from werkzeug.exceptions import PreconditionFailed

from service.web.flask_app import Answer

SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = Path(__file__).with_name("docs")

JAVASCRIPT = "text/javascript; charset=utf-8"

# The page and the files it loads; nothing else of either folder is sent.
FILES = {
    "index.html": (PAGE, "text/html; charset=utf-8"),
    "start.js": (PAGE, JAVASCRIPT),
    "swagger-ui-bundle.js": (SWAGGER_UI, JAVASCRIPT),
    "swagger-ui.css": (SWAGGER_UI, "text/css; charset=utf-8"),
    "favicon-32x32.png": (SWAGGER_UI, "image/png"),
}

# zlib's best: it compresses once, for many answers.
LEVEL = 9


@dataclass(frozen=True, slots=True)
class Representation:
    """The bytes of an asset in one coding, and their strong ETag."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to send; `gzipped` is None if gzip makes it no smaller."""

    content_type: str
    plain: Representation
    gzipped: Representation | None

    def answer(self, request: Request) -> Answer:
        """Return the coding that the caller accepts, or 304 if it has that already.

        Raises PreconditionFailed if If-Match names another. Range is ignored, as RFC
        9110 allows: the caller gets the whole file.
        """
        accepts = accepts_gzip(request.accept_encodings)
        chosen = self.gzipped if self.gzipped and accepts else self.plain
        if request.if_match and not request.if_match.contains(chosen.etag):
            raise PreconditionFailed("If-Match names nothing that is here.")
        if request.if_none_match.contains_weak(chosen.etag):
            answer = Answer(status=304)
        else:
            answer = Answer(chosen.body, content_type=self.content_type)
            if chosen is self.gzipped:
                answer.headers["Content-Encoding"] = "gzip"
        answer.set_etag(chosen.etag)
        answer.headers["Vary"] = "Accept-Encoding"
        return answer


def pack_asset(body: bytes, content_type: str) -> Asset:
    """Compress a body, always to the same bytes."""
    gzipped = gzip.compress(body, LEVEL, mtime=0)
    return Asset(
        content_type,
        _represent(body),
        _represent(gzipped) if len(gzipped) < len(body) else None,
    )


def _represent(body: bytes) -> Representation:
    return Representation(body, hashlib.sha256(body).hexdigest())


def accepts_gzip(accepted: Accept) -> bool:
    """Return True if a caller accepts gzip, and does not prefer the plain bytes.

    Without the header, gzip would be correct, too, but not every caller that omits it
    can read it. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
    """
    quality = accepted.quality("gzip")
    return 0 < quality >= accepted.quality("identity")


@cache
def read_assets() -> Mapping[str, Asset]:
    """Return the page's files by name, read and compressed at the first call."""
    return {
        name: pack_asset((folder / name).read_bytes(), content_type)
        for name, (folder, content_type) in FILES.items()
    }


@contextmanager
def reading_assets() -> Iterator[None]:
    """Read the files in a thread while the block runs.

    Compressing takes 0.1 seconds, in which zlib releases the interpreter: a start that
    loads a model meanwhile takes hardly longer. The thread ends before any fork.
    """
    thread = Thread(target=read_assets)
    thread.start()
    try:
        yield
    finally:
        thread.join()
