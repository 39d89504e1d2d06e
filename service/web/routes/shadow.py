"""How a second version compares with the one that answers: GET /v1/shadow."""

import orjson
from flask import Blueprint
from werkzeug.exceptions import NotFound

from service.web.access.auth import requires
from service.web.flask_app import Answer
from service.web.routes.metrics import MergedFiles
from service.web.runtime_folder import open_folder
from service.web.shadow.figures import Figures
from service.web.shadow.shadowing import VARIABLE, Shadowing

NO_SHADOW = f"This server has no shadow: {VARIABLE} names the version to compare."


def build_shadow(shadowing: Shadowing | None) -> Blueprint:
    """Build the route."""
    blueprint = Blueprint("shadow", __name__, url_prefix="/v1")
    files = MergedFiles(open_folder())

    @blueprint.get("/shadow")
    @requires("metrics")
    def shadow() -> Answer:
        if shadowing is None:
            raise NotFound(NO_SHADOW)
        body = Figures(files.collect()).describe(shadowing.sample)
        return Answer(orjson.dumps(body), content_type="application/json")

    return blueprint
