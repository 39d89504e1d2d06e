"""The words for what is no request: the parser refuses it."""

from collections.abc import Callable

from gunicorn.asgi import parser
from werkzeug import exceptions

PLACES: dict[type[Exception], str] = {
    parser.InvalidRequestLine: "The first line",
    parser.InvalidRequestMethod: "The method",
    parser.InvalidHTTPVersion: "The version of HTTP",
    parser.InvalidHeaderName: "The name of a header",
    parser.InvalidHeader: "A header",
    parser.InvalidChunkSize: "The size of a chunk",
    parser.InvalidChunkExtension: "The extension of a chunk",
    parser.ChunkMissingTerminator: "The end of a chunk",
}

OTHERS: dict[type[Exception], Callable[[], exceptions.HTTPException]] = {
    parser.LimitRequestLine: lambda: exceptions.RequestURITooLarge(
        "The first line of the request is too long."
    ),
    parser.LimitRequestHeaders: lambda: exceptions.RequestHeaderFieldsTooLarge(
        "The request has too many headers, or one that is too long."
    ),
    parser.UnsupportedTransferCoding: lambda: exceptions.NotImplemented(
        "Transfer-Encoding may only be chunked."
    ),
}


def find_refusal(error: parser.ParseError) -> exceptions.HTTPException:
    """Return what to answer: it repeats nothing, since a header may hold a key."""
    make = OTHERS.get(type(error))
    if make is not None:
        return make()
    place = PLACES.get(type(error), "The request")
    return exceptions.BadRequest(f"{place} is malformed.")
