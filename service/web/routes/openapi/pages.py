"""The routes of the published contract, and the page that renders it."""

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from service.model.contract.codec import Codec
from service.model.prediction.predictor import Predictor
from service.web.access.auth import public
from service.web.dialects.vertex import VertexRoutes
from service.web.routes.openapi.assets import pack_asset, read_assets
from service.web.routes.openapi.document import describe_api

# The page runs its own scripts, nothing from elsewhere; some of its styles are inline.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def build_openapi(
    predictor: Predictor, codec: Codec, vertex: VertexRoutes
) -> Blueprint:
    """Build the routes of the published contract, which need no key."""
    openapi = Blueprint("openapi", __name__)
    body = orjson.dumps(describe_api(predictor, codec, vertex))
    document = pack_asset(body, "application/json")
    files = dict(read_assets())
    page = files.pop("index.html")

    @openapi.get("/openapi.json")
    @public
    def publish() -> Response:
        return document.answer(request)

    @openapi.get("/docs")
    @public
    def show_page() -> Response:
        return _confine(page.answer(request))

    @openapi.get("/docs/<path:name>")
    @public
    def send_asset(name: str) -> Response:
        if name not in files:
            raise NotFound
        return _confine(files[name].answer(request))

    return openapi


def _confine(answer: Response) -> Response:
    """Set the policy of the page."""
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
