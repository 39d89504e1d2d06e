"""GET /: what KServe's and Azure's probes ask, and a person in a browser."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from service.web.access.auth import public
from service.web.flask_app import Answer
from service.web.media_types import JSON

HTML, TEXT = "text/html", "text/plain"


def build_root(show_page: Callable[[], Response]) -> Blueprint:
    """Build the route; `show_page` answers whoever would rather have HTML."""
    root = Blueprint("root", __name__)

    @root.get("/")
    @public
    def show_root() -> Response:
        wanted = request.accept_mimetypes.best_match((JSON, TEXT, HTML), JSON)
        if wanted == HTML:
            answer: Response = show_page()
        elif wanted == TEXT:
            answer = Answer("Healthy", content_type=TEXT)
        else:
            answer = Answer(b'{"status":"alive"}', content_type=JSON)
        answer.vary.add("Accept")  # caches tell the answers apart
        return answer

    return root
