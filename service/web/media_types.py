"""What the body of a request is, and which form of an answer its caller accepts."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import request
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType

from service.model.contract.arrow_stream import ARROW, has_arrow

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = ("application/jsonlines", "application/x-ndjson")

# The answers to a request for predictions.
ANSWERS = (JSON, CSV, *JSON_LINES, *((ARROW,) if has_arrow() else ()))


def read_type(environ: dict[str, Any], taken: Collection[str] = (JSON,)) -> str:
    """Return which of the types that are taken a body has.

    Raises UnsupportedMediaType where it has another, or is not in UTF-8.
    """
    said: str | None = environ.get("CONTENT_TYPE")
    if said == JSON and JSON in taken:
        return JSON
    charset = request.mimetype_params.get("charset", "utf-8")
    if request.mimetype not in taken or charset.lower() not in ("utf-8", "utf8"):
        names = " or ".join(taken)
        raise UnsupportedMediaType(f"The Content-Type must be {names}, in UTF-8.")
    return request.mimetype


def refuse_tensors(type_: str) -> UnsupportedMediaType:
    """Return the error for a table of values where the model takes tensors."""
    return UnsupportedMediaType(
        f"{type_} has a value in each field, and this model takes tensors: send JSON."
    )


def choose_type(environ: dict[str, Any], offered: Sequence[str]) -> str:
    """Return which of the types on offer a caller likes best, the first if it is equal.

    Raises NotAcceptable where it takes none of them.
    """
    accept = environ.get("HTTP_ACCEPT")
    if accept is None or accept == "*/*" or accept == offered[0]:
        return offered[0]
    accepted = request.accept_mimetypes
    found = accepted.best_match(offered) if accepted else offered[0]
    if found is None:
        raise NotAcceptable(f"The answer may be {', '.join(offered)}.")
    return found
