"""KServe's v1 protocol, which is TensorFlow Serving's: instances in, predictions out.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
"""

from typing import Any

import orjson
from flask import Blueprint, request

from service.model.contract.codec import Codec
from service.model.contract.instances import Instances, Predictions
from service.web.access.auth import public, requires
from service.web.flask_app import Answer
from service.web.media_types import JSON, read_type
from service.web.prediction_view import PredictionView, Reading
from service.web.request import Dialect, RequestContext


class KServe:
    """Requests as POST /v1/predict takes them, and bare predictions."""

    name: Dialect = "kserve-v1"

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def read(self, body: bytes) -> Reading:
        """Return the request as it stands."""
        read_type(request.environ)
        return Reading(self._codec.decode(body), _write, body)


def _write(
    _: RequestContext, predictions: Predictions, instances: Instances
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "predictions": (
            predictions.to_columns() if instances.by_column else predictions.to_json()
        )
    }
    if instances.warnings:
        answer["warnings"] = instances.warnings
    return answer


def build_kserve(view: PredictionView) -> Blueprint:
    """Build the routes of the protocol, under the model's own name."""
    v1 = Blueprint("kserve", __name__, url_prefix="/v1/models")
    name = view.predictor.manifest.name
    form = KServe(view.codec)
    ready = orjson.dumps({"name": name, "ready": True})

    @v1.get(f"/{name}")
    @public
    def show_ready() -> Answer:
        view.readiness.require()
        return Answer(ready, content_type=JSON)

    @v1.post(f"/{name}:predict")
    @requires("predict")
    def predict() -> Answer:
        return view.answer(form)

    return v1
