"""The routes of the Open Inference Protocol, and what it tells of server and model."""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint

from service.model.contract.flat_columns import flatten
from service.model.prediction.predictor import Predictor
from service.web.access.auth import public, requires
from service.web.dialects.open_inference import OpenInference
from service.web.dialects.tensor_values import BY_VALUE, describe_input
from service.web.flask_app import Answer
from service.web.media_types import JSON
from service.web.prediction_view import PredictionView
from service.web.readiness import Readiness


def describe_metadata(predictor: Predictor) -> dict[str, Any]:
    """Return the metadata of the model: a tensor for each feature and each answer."""
    manifest = predictor.manifest
    typical = predictor.golden.records[0].prediction
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": "scikit-learn",
        "inputs": [describe_input(feature) for feature in manifest.contract.features],
        "outputs": [
            {"name": name, "datatype": BY_VALUE[type(value)], "shape": [-1]}
            for name, value in flatten(typical)
        ],
    }


def build_open_inference(view: PredictionView) -> Blueprint:
    """Build the routes of the protocol, under the model's own name and version."""
    v2 = Blueprint("open_inference", __name__, url_prefix="/v2")
    predictor, readiness = view.predictor, view.readiness
    manifest = predictor.manifest
    form = OpenInference(predictor, view.codec)
    server = {
        "name": "model-service",
        "version": manifest.version,
        "extensions": ["binary_tensor_data"],
    }
    _publish(v2, "", server, None)
    _publish(v2, "/health/live", {"live": True}, None)
    _publish(v2, "/health/ready", {"ready": True}, readiness)
    described = describe_metadata(predictor)
    for path in (
        f"/models/{manifest.name}",
        f"/models/{manifest.name}/versions/{manifest.version}",
    ):
        _publish(v2, path, described, None)
        _publish(v2, f"{path}/ready", {"ready": True}, readiness)

        @v2.post(f"{path}/infer", endpoint=_name_endpoint(f"{path}/infer"))
        @requires("predict")
        def infer() -> Answer:
            return view.answer(form)

    return v2


def _publish(
    routes: Blueprint, path: str, content: Any, readiness: Readiness | None
) -> None:
    """Answer a path with what /openapi.json tells everybody, or with the readiness."""
    body = orjson.dumps(content)
    check: Callable[[], None] = readiness.require if readiness else lambda: None

    @routes.get(path, endpoint=_name_endpoint(path))
    @public
    def show() -> Answer:
        check()
        return Answer(body, content_type=JSON)


def _name_endpoint(path: str) -> str:
    """Return a name of a route, in which Flask allows no dot."""
    return path.replace(".", "_") or "server"
