"""The Open Inference Protocol v2 over HTTP: what Triton's and KServe's clients speak.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.model.contract.flat_columns import flatten
from service.model.contract.instances import Instances, Predictions
from service.model.prediction.predictor import Predictor
from service.web.dialects.plain_tensors import read_plain
from service.web.dialects.rows import read_object
from service.web.dialects.shaped_tensors import ShapedTensors
from service.web.dialects.tensor_answers import (
    HEADER_LENGTH,
    Wanted,
    read_wanted,
    write_answer,
)
from service.web.dialects.tensors import Tensors
from service.web.prediction_view import Reading
from service.web.request import Dialect, RequestContext

INPUTS = "inputs"

# It alone tells JSON from JSON with bytes behind it, since Triton's clients leave the
# Content-Type out.
HEADER = f"HTTP_{HEADER_LENGTH.upper().replace('-', '_')}"


class OpenInference:
    """Requests of named tensors, and answers of a tensor for each part."""

    name: Dialect = "open-inference"

    def __init__(self, predictor: Predictor, codec: Codec) -> None:
        manifest = predictor.manifest
        self._codec = codec
        self._model = {
            "model_name": manifest.name,
            "model_version": manifest.version,
        }
        features, most = manifest.contract.features, codec.limits.max_instances
        self._is_plain = manifest.contract.table != "tensors"
        if self._is_plain:
            self._tensors = Tensors([each.name for each in features], most)
        else:
            self._tensors = ShapedTensors(features, most)
        typical = predictor.golden.records[0].prediction
        self._outputs = frozenset(name for name, _ in flatten(typical))

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises BadRequest, or what the codec raises."""
        head, binary = _split_body(body)
        columns, content = self._read_tensors(head, binary)
        wanted = read_wanted(content, self._outputs)
        write = partial(self._write, wanted, content.get("id"))
        document = self._codec.read_columns(columns, place_in_tensor, INPUTS)
        return Reading(document, write)

    def _read_tensors(
        self, head: bytes, binary: memoryview
    ) -> tuple[Mapping[str, Sequence[Any]], dict[str, Any]]:
        """Return the columns of a request, and the keys of its JSON."""
        plain = read_plain(head) if self._is_plain and not binary else None
        if plain is not None:
            return plain
        content = read_object(self._codec, head)
        return self._tensors.read(content.get(INPUTS), binary), content

    def _write(
        self,
        wanted: Wanted,
        request_id: Any,
        call: RequestContext,
        predictions: Predictions,
        instances: Instances,
    ) -> Any:
        columns = dict(flatten(predictions.to_columns()))
        told: dict[str, Any] = {
            **self._model,
            "id": request_id if isinstance(request_id, str) else call.request_id,
        }
        if instances.warnings:
            remarks = [f"{each.path} {each.message}" for each in instances.warnings]
            told["parameters"] = {"warnings": "; ".join(remarks)}
        return write_answer(told, columns, wanted)


def place_in_tensor(name: str, index: int | None = None) -> str:
    """Return the path of a tensor, or of the value of one instance in it."""
    return f"{INPUTS}.{name}" if index is None else f"{INPUTS}.{name}[{index}]"


def _split_body(body: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON of a request and the bytes that follow it."""
    length = request.environ.get(HEADER)
    if length is None:
        return body, memoryview(b"")
    # int() raises ValueError for more than 4,300 digits.
    is_number = re.fullmatch(r"[0-9]{1,18}", length)
    if not is_number or int(length) > len(body):
        raise BadRequest("Inference-Header-Content-Length must be the bytes of JSON.")
    return body[: int(length)], memoryview(body)[int(length) :]
