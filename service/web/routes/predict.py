"""The v1 routes: POST /v1/predict, and GET /v1/model."""

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint

from service.model.artefact.manifest import Manifest, describe_manifest
from service.model.contract.codec import Codec
from service.model.contract.instances import Instances, Predictions
from service.model.prediction.predictor import Predictor
from service.web.access.auth import requires
from service.web.flask_app import Answer
from service.web.prediction_view import JSON, PredictionView, Reading
from service.web.request import V1, Dialect, RequestContext


class OwnForm:
    """The service's own requests and answers, by row or by column."""

    name: Dialect = V1
    is_typed = True

    def __init__(self, manifest: Manifest, codec: Codec) -> None:
        self._codec = codec
        self._model = {"name": manifest.name, "version": manifest.version}

    def read(self, body: bytes) -> Reading:
        """Return the request as it stands."""
        return Reading(self._codec.decode(body), self._write, body)

    def _write(
        self, call: RequestContext, predictions: Predictions, instances: Instances
    ) -> dict[str, Any]:
        """Write the answer: by column where the request came by column."""
        answer: dict[str, Any] = {
            "model": self._model,
            "request_id": call.request_id,
            "predictions": (
                predictions.to_columns()
                if instances.by_column
                else predictions.to_json()
            ),
        }
        if instances.warnings:
            answer["warnings"] = instances.warnings
        return answer


def build_predict(view: PredictionView) -> Blueprint:
    """Build the routes of the model, which says that it serves since this call."""
    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    described = _describe(view.predictor)
    form = OwnForm(view.predictor.manifest, view.codec)

    @v1.post("/predict")
    @requires("predict")
    def predict() -> Answer:
        return view.answer(form)

    @v1.get("/model")
    @requires("predict")
    def model() -> Answer:
        return Answer(described, content_type=JSON)

    return v1


def _describe(predictor: Predictor) -> bytes:
    """Return the answer of GET /v1/model, of a service that begins to serve now."""
    return orjson.dumps(
        {
            "digest": predictor.digest,
            "engine": predictor.engine,
            "serving_since": datetime.now(UTC),
            **describe_manifest(predictor.manifest),
        },
        option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS,
    )
