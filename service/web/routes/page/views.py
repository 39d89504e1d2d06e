"""The page for GET /, and the route of its files, which need no key."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from service.model.prediction.predictor import Predictor
from service.web.access.auth import public
from service.web.routes.page.model_page import read_files, render_page

# Its own files and its own service, and nothing else: no inline script or style, no
# frame, no form that a browser would send by itself, no text parsed as markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
    " require-trusted-types-for 'script'"
)


def render_model(predictor: Predictor) -> Callable[[], Response]:
    """Return what shows the page of a model."""
    page = render_page(predictor)
    return lambda: _confine(page.answer(request))


def build_page_files() -> Blueprint:
    """Build the route of what the page loads."""
    blueprint = Blueprint("page", __name__)
    files = read_files()

    @blueprint.get("/page/<path:name>")
    @public
    def send_file(name: str) -> Response:
        if name not in files:
            raise NotFound
        return _confine(files[name].answer(request))

    return blueprint


def _confine(answer: Response) -> Response:
    """Set the policy of the page, and tell no other site its address."""
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
