"""The words for what is no request: gunicorn's parser refuses it."""

from collections.abc import Callable

from gunicorn.http import errors
from werkzeug import exceptions

# What the application is asked instead: it finds no route, and the refusal comes first.
STAND_IN = b"UNREAD / HTTP/1.1\r\nConnection: close\r\n\r\n"

PLACES: dict[type[Exception], str] = {
    errors.InvalidRequestLine: "The first line",
    errors.InvalidRequestMethod: "The method",
    errors.InvalidHTTPVersion: "The version of HTTP",
    errors.InvalidHeaderName: "The name of a header",
    errors.InvalidHeader: "A header",
    errors.ObsoleteFolding: "A header of more than one line",
}

OTHERS: dict[type[Exception], Callable[[], exceptions.HTTPException]] = {
    errors.LimitRequestLine: lambda: exceptions.RequestURITooLarge(
        "The first line of the request is too long."
    ),
    errors.LimitRequestHeaders: lambda: exceptions.RequestHeaderFieldsTooLarge(
        "The request has too many headers, or one that is too long."
    ),
    errors.ExpectationFailed: lambda: exceptions.ExpectationFailed(
        "Expect may only ask for 100-continue."
    ),
    errors.UnsupportedTransferCoding: lambda: exceptions.NotImplemented(
        "Transfer-Encoding may only be chunked."
    ),
}


def find_refusal(error: errors.ParseException) -> exceptions.HTTPException:
    """Return what to answer: it repeats nothing, since a header may hold a key."""
    make = OTHERS.get(type(error))
    if make is not None:
        return make()
    place = PLACES.get(type(error), "The request")
    return exceptions.BadRequest(f"{place} is malformed.")
