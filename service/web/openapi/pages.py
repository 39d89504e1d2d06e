"""The routes of the published contract, and the page that renders it."""

from pathlib import Path

import flask_swagger_ui
import orjson
from flask import Blueprint, Response, send_from_directory

from service.model.codec import Codec
from service.model.predictor import Predictor
from service.web.auth import public
from service.web.openapi.document import describe_api

# The page runs what lies beside it, and nothing from elsewhere; its styles are partly
# written in place.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = Path(__file__).with_name("docs")


def build_openapi(predictor: Predictor, codec: Codec) -> Blueprint:
    """Build the routes of the published contract: for everybody, so without a key."""
    openapi = Blueprint("openapi", __name__)
    document = orjson.dumps(describe_api(predictor, codec))

    @openapi.get("/openapi.json")
    @public
    def publish() -> Response:
        return Response(document, content_type="application/json")

    @openapi.get("/docs")
    @public
    def show_page() -> Response:
        return _send(PAGE, "index.html")

    @openapi.get("/docs/<path:name>")
    @public
    def send_asset(name: str) -> Response:
        own = name == "start.js"
        return _send(PAGE if own else SWAGGER_UI, name)

    return openapi


def _send(folder: Path, name: str) -> Response:
    """Return a file that may do no more than the page has to."""
    response = send_from_directory(folder, name)
    response.headers.pop("Cache-Control", None)  # which every answer has
    response.headers["Content-Security-Policy"] = POLICY
    return response
