"""GET /: what KServe's and Azure's probes ask, and a person in a browser."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers

from service.web.access.auth import public
from service.web.flask_app import Answer
from service.web.media_types import JSON

HTML, TEXT = "text/html", "text/plain"

# Caches tell the answers apart, of which each caller accepts another.
VARY = Headers({"Vary": "Accept"})


def show_docs() -> Response:
    """Lead a browser to the page of the API."""
    return Answer(status=303, headers=Headers({"Location": "/docs"}))


def build_root(show_page: Callable[[], Response] = show_docs) -> Blueprint:
    """Build the route; `show_page` answers whoever would rather have HTML."""
    root = Blueprint("root", __name__)

    @root.get("/")
    @public
    def show_root() -> Response:
        wanted = request.accept_mimetypes.best_match((JSON, TEXT, HTML), JSON)
        if wanted == HTML:
            answer = show_page()
        elif wanted == TEXT:
            answer = Answer("Healthy", content_type=TEXT)
        else:
            answer = Answer(b'{"status":"alive"}', content_type=JSON)
        answer.headers.extend(VARY)
        return answer

    return root
