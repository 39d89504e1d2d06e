"""The v1 routes: POST /v1/predict, and GET /v1/model."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.exceptions import UnsupportedMediaType

from service.model.artefact.manifest import Manifest, describe_manifest
from service.model.contract.arrow_stream import (
    ARROW,
    NO_ARROW,
    ArrowReader,
    has_arrow,
)
from service.model.contract.codec import Codec
from service.model.contract.column_form import COLUMNS, place_in_column
from service.model.contract.csv_form import ROWS, CsvReader, place_in_csv
from service.model.contract.document import Document
from service.model.contract.instances import Instances, Predictions
from service.model.prediction.predictor import Predictor
from service.web.access.auth import requires
from service.web.dialects.table_answers import choose_write
from service.web.flask_app import Answer
from service.web.media_types import CSV, JSON, read_type, refuse_tensors
from service.web.prediction_view import PredictionView, Reading
from service.web.request import V1, Dialect, RequestContext

# What stands in an answer beside its predictions, of instances to explain.
Explain = Callable[[Instances], dict[str, Any]]

# What a request by JSON may hold beside its instances: true to have them explained.
EXPLAIN = "explain"


class OwnForm:
    """The service's own requests: JSON by row or by column, CSV, or Arrow."""

    name: Dialect = V1

    def __init__(self, manifest: Manifest, codec: Codec, explain: Explain) -> None:
        self._codec = codec
        self._explain = explain
        self._csv = CsvReader(codec.contract, codec.limits.max_instances)
        limits = codec.limits
        self._arrow = ArrowReader(
            codec.contract, limits.max_instances, limits.max_elements
        )
        self._model = {"name": manifest.name, "version": manifest.version}

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises what web.errors answers."""
        write = choose_write(self._write, with_header=True)
        type_ = read_type(request.environ, (JSON, CSV, ARROW))
        if type_ == JSON:
            document = self._codec.decode(body)
            is_wanted = take_wish(document)
            if is_wanted is None:
                return Reading(document, write, body)
            if is_wanted:
                write = choose_write(
                    self._write_explained, with_header=True, offered=(JSON,)
                )
            return Reading(document, write)
        if type_ == ARROW:
            return Reading(self._read_arrow(body), write)
        if self._codec.contract.table == "tensors":
            raise refuse_tensors(CSV)
        columns = self._csv.read(body, needs_header=True)
        return Reading(self._codec.read_columns(columns, place_in_csv, ROWS), write)

    def _read_arrow(self, body: bytes) -> Document:
        if not has_arrow():
            raise UnsupportedMediaType(NO_ARROW)
        columns = self._arrow.read(body)
        return self._codec.read_columns(columns, place_in_column, COLUMNS)

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

    def _write_explained(
        self, call: RequestContext, predictions: Predictions, instances: Instances
    ) -> dict[str, Any]:
        """Write the answer with explanations, or with the reason for none."""
        answer = self._write(call, predictions, instances)
        return answer | self._explain(instances)


def take_wish(document: Document) -> bool | None:
    """Take out of a request whether it is to be explained, None if it does not say.

    What is neither true nor false stays, for the contract to refuse.
    """
    content = document.content
    if type(content) is not dict or type(content.get(EXPLAIN)) is not bool:
        return None
    is_wanted: bool = content.pop(EXPLAIN)
    return is_wanted


def build_predict(view: PredictionView) -> Blueprint:
    """Build the routes of the model, which says that it serves since this call."""
    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    described = _describe(view.predictor)
    predictor = view.predictor
    form = OwnForm(predictor.manifest, view.codec, predictor.explain)

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
