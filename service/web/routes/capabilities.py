"""OPTIONS *: the methods of the server as a whole, without a key.

https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
"""

from flask import Blueprint
from werkzeug.datastructures import Headers

from service.web.access.auth import public
from service.web.flask_app import Answer

METHODS = "GET, HEAD, OPTIONS, POST"


def build_capabilities() -> Blueprint:
    """Build the route of the target `*`, whose path is `/*` here."""
    capabilities = Blueprint("capabilities", __name__)

    @capabilities.route("/*", methods=["OPTIONS"])
    @public
    def list_methods() -> Answer:
        return Answer(status=204, headers=Headers({"Allow": METHODS}))

    return capabilities
