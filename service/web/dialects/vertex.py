"""Vertex AI's requests and answers, on the routes that it names at the start.

https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.model.contract.faults import INSTANCES
from service.model.contract.instances import Instances, Predictions
from service.settings import SettingsError
from service.web.access.auth import public, requires
from service.web.dialects.rows import RowsReader, read_object, refuse_parameters
from service.web.flask_app import Answer
from service.web.media_types import read_type
from service.web.prediction_view import PredictionView, Reading
from service.web.request import Dialect, RequestContext

PARAMETERS = "parameters"


class VertexRoutes(NamedTuple):
    """The paths that Vertex AI names in the environment, None where it is not there."""

    health: str | None = None
    predict: str | None = None


NO_ROUTES = VertexRoutes()


class Vertex:
    """Requests of instances by name or by position, and bare predictions."""

    name: Dialect = "vertex-ai"

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._rows = RowsReader(codec)

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises what web.errors answers."""
        read_type(request.environ)
        content = read_object(self._codec, body)
        refuse_parameters(content, PARAMETERS)
        if not content.keys() <= {INSTANCES, PARAMETERS}:
            raise BadRequest(f"The body must have {INSTANCES}, and no more.")
        return self._rows.read(content.get(INSTANCES), INSTANCES, _write)


def _write(
    _: RequestContext, predictions: Predictions, __: Instances
) -> dict[str, Any]:
    """Write what Vertex AI passes on: to predictions it adds keys of its own."""
    return {"predictions": predictions.to_json()}


def build_vertex(
    view: PredictionView,
    routes: VertexRoutes,
    taken: Collection[str],
    public_gets: Collection[str],
) -> Blueprint:
    """Build the routes; `taken` are those of others.

    The health may be one of them, `public_gets`, that answers GET without a key. Raises
    SettingsError.
    """
    health, predict = routes
    vertex = Blueprint("vertex", __name__)
    form = Vertex(view.codec)
    if predict in taken or (predict and predict == health):
        raise SettingsError(
            f"AIP_PREDICT_ROUTE is {predict}, which is a route already: name another,"
            " such as /vertex:predict."
        )
    if health in taken and health not in public_gets:
        raise SettingsError(
            f"AIP_HEALTH_ROUTE is {health}, which is a route already and no probe of"
            " health: name another, such as /health/ready."
        )
    if health and health not in taken:

        @vertex.get(health)
        @public
        def show_health() -> Answer:
            view.readiness.require_undrained()
            return Answer(b"{}", content_type="application/json")

    if predict:

        @vertex.post(predict)
        @requires("predict", platform="vertex-ai")
        def answer() -> Answer:
            return view.answer(form)

    return vertex
