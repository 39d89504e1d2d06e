"""The routes of MLflow and SageMaker; the Content-Type tells whose form it is."""

from flask import Blueprint, request

from service.web.access.auth import public, requires
from service.web.dialects.mlflow import MLflow
from service.web.dialects.sagemaker import SageMaker
from service.web.flask_app import Answer
from service.web.media_types import ANSWERS, CSV, JSON, JSON_LINES, read_type
from service.web.prediction_view import PredictionView

TEXT = "text/plain; charset=utf-8"


def build_invocations(view: PredictionView, default: str) -> Blueprint:
    """Build the routes, whose answers are of a default type where any is accepted."""
    invocations = Blueprint("invocations", __name__)
    offered = (default, *(type_ for type_ in ANSWERS if type_ != default))
    mlflow, sagemaker = MLflow(view.codec, offered), SageMaker(view.codec, offered)
    taken = (JSON, CSV, *JSON_LINES)
    version = view.predictor.manifest.version

    @invocations.post("/invocations")
    @requires("predict", platform="sagemaker")
    def invoke() -> Answer:
        is_json = read_type(request.environ, taken) == JSON
        return view.answer(mlflow if is_json else sagemaker)

    @invocations.get("/ping")
    @public
    def ping() -> Answer:
        view.readiness.require_undrained()
        return Answer("\n", content_type=TEXT)

    @invocations.get("/version")
    @public
    def show_version() -> Answer:
        return Answer(version, content_type=TEXT)

    return invocations
