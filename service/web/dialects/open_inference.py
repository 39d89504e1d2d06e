"""The Open Inference Protocol v2 over HTTP: what Triton's and KServe's clients speak.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.model.contract.column_form import COLUMNS
from service.model.contract.instances import Instances, Predictions
from service.model.contract.strict_json import check_keys, decode_nan
from service.model.prediction.predictor import Predictor
from service.web.access.auth import public, requires
from service.web.dialects.flat_columns import FlatColumn, flatten
from service.web.dialects.tensors import BY_TYPE, MAX_NAME, Tensors
from service.web.flask_app import Answer
from service.web.prediction_view import JSON, PredictionView, Reading
from service.web.readiness import Readiness
from service.web.request import RequestContext

NAME = "open-inference"
INPUTS = "inputs"

# How many bytes are JSON, where the bytes of tensors follow: Triton's extension. It
# alone tells one from the other, since its clients leave the Content-Type out.
HEADER_LENGTH = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH"

DATATYPES = {str: "BYTES", float: "FP64", int: "INT64", bool: "BOOL"}


class OpenInference:
    """Requests of named tensors, and answers of a tensor for each part."""

    name = NAME
    is_typed = False

    def __init__(self, predictor: Predictor, codec: Codec) -> None:
        manifest = predictor.manifest
        self._codec = codec
        self._model = {
            "model_name": manifest.name,
            "model_version": manifest.version,
        }
        self._tensors = Tensors([each.name for each in manifest.contract.features])
        typical = predictor.golden.records[0].prediction
        self._outputs = frozenset(name for name, _ in flatten(typical))

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises BadRequest, or what the codec raises."""
        head, binary = _split_body(body)
        self._codec.check_containers(head)
        content = decode_nan(head)
        if not isinstance(content, dict):
            raise BadRequest("The body must be an object with inputs.")
        check_keys(content, head)
        columns = self._tensors.read(content.get(INPUTS), binary)
        wanted = self._read_outputs(content.get("outputs"))
        write = partial(self._write, wanted, content.get("id"))
        try:
            own = orjson.dumps({COLUMNS: columns})
        except TypeError:  # an escaped half of a surrogate pair, beside a NaN
            raise BadRequest("The body holds what is no text.") from None
        return Reading(own, write, place_in_tensor, INPUTS)

    def _read_outputs(self, outputs: Any) -> list[str] | None:
        """Return the names of the outputs that are wanted, None for all."""
        if not outputs:
            return None
        if not isinstance(outputs, list):
            raise BadRequest("outputs must be a list of objects with a name.")
        return [self._read_output(each) for each in outputs]

    def _read_output(self, output: Any) -> str:
        name = output.get("name") if isinstance(output, dict) else None
        if not isinstance(name, str):
            raise BadRequest("outputs must be a list of objects with a name.")
        if name not in self._outputs:
            raise BadRequest(f"There is no output {name[:MAX_NAME]!r}.")
        parameters = output.get("parameters")
        if isinstance(parameters, dict) and parameters.get("classification"):
            raise BadRequest("The parameter classification is not answered.")
        return name

    def _write(
        self,
        wanted: list[str] | None,
        request_id: Any,
        call: RequestContext,
        predictions: Predictions,
        instances: Instances,
    ) -> dict[str, Any]:
        columns = dict(flatten(predictions.to_columns()))
        names = columns if wanted is None else dict.fromkeys(wanted)
        answer: dict[str, Any] = {
            **self._model,
            "id": request_id if isinstance(request_id, str) else call.request_id,
            "outputs": [describe_output((name, columns[name])) for name in names],
        }
        if instances.warnings:
            told = [f"{each.path} {each.message}" for each in instances.warnings]
            answer["parameters"] = {"warnings": "; ".join(told)}
        return answer


def place_in_tensor(name: str, index: int | None = None) -> str:
    """Return the path of a tensor, or of the value of one instance in it."""
    return f"{INPUTS}.{name}" if index is None else f"{INPUTS}.{name}[{index}]"


def describe_output(column: FlatColumn) -> dict[str, Any]:
    """Return a tensor of an answer."""
    name, values = column
    datatype = DATATYPES[type(values[0])]
    return {
        "name": name,
        "datatype": datatype,
        "shape": [len(values)],
        "data": values,
    }


def _split_body(body: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON of a request and the bytes that follow it."""
    length = request.environ.get(HEADER_LENGTH)
    if length is None:
        return body, memoryview(b"")
    if not (length.isascii() and length.isdecimal()) or int(length) > len(body):
        raise BadRequest("Inference-Header-Content-Length must be the bytes of JSON.")
    return body[: int(length)], memoryview(body)[int(length) :]


def describe_metadata(predictor: Predictor) -> dict[str, Any]:
    """Return the metadata of the model: a tensor for each feature and each answer."""
    manifest = predictor.manifest
    typical = predictor.golden.records[0].prediction
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": "scikit-learn",
        "inputs": [
            {
                "name": each.name,
                "datatype": BY_TYPE.get(each.type, "BYTES"),
                "shape": [-1],
            }
            for each in manifest.contract.features
        ],
        "outputs": [
            {"name": name, "datatype": DATATYPES[type(value)], "shape": [-1]}
            for name, value in flatten(typical)
        ],
    }


def build_open_inference(view: PredictionView) -> Blueprint:
    """Build the routes of the protocol, under the model's own name and version."""
    v2 = Blueprint("open_inference", __name__, url_prefix="/v2")
    predictor, readiness = view.predictor, view.readiness
    manifest = predictor.manifest
    dialect = OpenInference(predictor, view.codec)
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
            return view.answer(dialect)

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
