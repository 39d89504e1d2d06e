"""Tensors of an answer: which a request wants, in JSON or as bytes behind it."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import orjson
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest

from service.model.contract.flat_columns import FlatColumn
from service.web.dialects.tensor_values import (
    BINARY_SIZE,
    BY_VALUE,
    MAX_NAME,
    write_bytes,
)
from service.web.flask_app import Answer

# How many bytes are JSON, where the bytes of tensors follow: Triton's extension.
HEADER_LENGTH = "Inference-Header-Content-Length"

OCTETS = "application/octet-stream"

NO_OUTPUTS = "outputs must be a list of objects with a name."


class Wanted(NamedTuple):
    """The outputs that are wanted, each with whether as bytes; `names` None for all."""

    names: Mapping[str, bool] | None
    all_binary: bool

    def choose(self, columns: Mapping[str, Any]) -> Mapping[str, bool]:
        """Return the names of an answer's tensors, and whether each is bytes."""
        return dict.fromkeys(columns, self.all_binary) if not self.names else self.names


def read_wanted(content: Mapping[str, Any], known: Collection[str]) -> Wanted:
    """Read what a request says of its answer. Raises BadRequest."""
    all_binary = bool(_read_parameter(content, "binary_data_output"))
    outputs = content.get("outputs")
    if not outputs:
        return Wanted(None, all_binary)
    if not isinstance(outputs, list):
        raise BadRequest(NO_OUTPUTS)
    return Wanted(dict(_read_output(o, known, all_binary) for o in outputs), all_binary)


def _read_output(
    output: Any, known: Collection[str], all_binary: bool
) -> tuple[str, bool]:
    name = output.get("name") if isinstance(output, dict) else None
    if not isinstance(name, str):
        raise BadRequest(NO_OUTPUTS)
    if name not in known:
        raise BadRequest(f"There is no output {name[:MAX_NAME]!r}.")
    if _read_parameter(output, "classification"):
        raise BadRequest("The parameter classification is not answered.")
    is_binary = _read_parameter(output, "binary_data")
    return name, all_binary if is_binary is None else bool(is_binary)


def _read_parameter(holder: Mapping[str, Any], name: str) -> Any:
    parameters = holder.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


def describe_output(column: FlatColumn) -> dict[str, Any]:
    """Return what a tensor of an answer says of itself, without its values."""
    name, values = column
    datatype = BY_VALUE[type(values[0])]
    return {"name": name, "datatype": datatype, "shape": [len(values)]}


def write_answer(
    told: dict[str, Any], columns: Mapping[str, list[Any]], wanted: Wanted
) -> Any:
    """Return the answer with the tensors that are wanted: JSON, and bytes behind it."""
    outputs, parts = [], []
    for name, is_binary in wanted.choose(columns).items():
        output = describe_output((name, columns[name]))
        if is_binary:
            parts.append(write_bytes(output["datatype"], columns[name]))
            output["parameters"] = {BINARY_SIZE: len(parts[-1])}
        else:
            output["data"] = columns[name]
        outputs.append(output)
    answer = {**told, "outputs": outputs}
    if not parts:
        return answer
    head = orjson.dumps(answer)
    headers = Headers({HEADER_LENGTH: str(len(head))})
    return Answer(b"".join([head, *parts]), headers=headers, content_type=OCTETS)
