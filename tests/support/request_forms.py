"""Every form in which instances can be asked for: its bytes, its answer, its places."""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from service.web.dialects.flat_columns import flatten

Row = dict[str, Any]
Columns = dict[str, list[Any]]

NAN = float("nan")


class Body(NamedTuple):
    """The bytes of a request and its headers."""

    data: bytes
    headers: dict[str, str]


class RequestForm(NamedTuple):
    """A way to ask for predictions.

    `write` returns None of rows that the form has no way to say. `read` takes the JSON
    of an answer to flat columns, and `place` a value's name and row to its path.
    """

    path: str
    write: Callable[[Sequence[Row]], Body | None]
    read: Callable[[Any], Columns]
    place: Callable[[str, int], str]


def to_columns(rows: Sequence[Row]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]}


def write_json(document: Any) -> Body:
    data = json.dumps(document).encode()
    return Body(data, {"Content-Type": "application/json"})


def read_rows(answer: Any) -> Columns:
    flat = [dict(flatten(row)) for row in answer["predictions"]]
    return to_columns(flat)


def read_columns(answer: Any) -> Columns:
    return dict(flatten(answer["predictions"]))


def read_tensors(answer: Any) -> Columns:
    return {each["name"]: each["data"] for each in answer["outputs"]}


def place_in_row(name: str, row: int) -> str:
    return f"instances[{row}].{name}"


def place_in_column(name: str, row: int) -> str:
    return f"columns.{name}[{row}]"


def place_in_tensor(name: str, row: int) -> str:
    return f"inputs.{name}[{row}]"


def write_instances(rows: Sequence[Row]) -> Body:
    return write_json({"instances": rows})


def write_columns(rows: Sequence[Row]) -> Body:
    return write_json({"columns": to_columns(rows)})


def list_tensors(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return tensors whose datatype goes by the first value that is there."""
    datatypes = {str: "BYTES", float: "FP64", int: "INT64", bool: "BOOL"}
    tensors = []
    for name, values in to_columns(rows).items():
        kinds = [datatypes[type(each)] for each in values if each is not None]
        datatype = kinds[0] if kinds else "FP64"
        shape = [len(values)]
        tensors.append(
            {"name": name, "shape": shape, "datatype": datatype, "data": values}
        )
    return tensors


def write_tensors(rows: Sequence[Row]) -> Body:
    """Write as tritonclient does, without a Content-Type."""
    return Body(json.dumps({"inputs": list_tensors(rows)}).encode(), {})


def write_nested_tensors(rows: Sequence[Row]) -> Body:
    """Write as MLServer's codec for frames does."""
    tensors = list_tensors(rows)
    for tensor in tensors:
        tensor["shape"].append(1)
        tensor["data"] = [[each] for each in tensor["data"]]
        tensor["parameters"] = {"content_type": "pd"}
    return write_json({"inputs": tensors, "parameters": {"content_type": "pd"}})


def write_nan_tensors(rows: Sequence[Row]) -> Body:
    """Write each null as a bare NaN."""
    filled = [{k: NAN if v is None else v for k, v in row.items()} for row in rows]
    return Body(json.dumps({"inputs": list_tensors(filled)}).encode(), {})


def write_binary_tensors(rows: Sequence[Row]) -> Body | None:
    tensors, parts = list_tensors(rows), []
    for tensor in tensors:
        part = pack(tensor["datatype"], tensor.pop("data"))
        if part is None:
            return None
        tensor["parameters"] = {"binary_data_size": len(part)}
        parts.append(part)
    head = json.dumps({"inputs": tensors}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return Body(b"".join([head, *parts]), length)


def pack(datatype: str, values: Sequence[Any]) -> bytes | None:
    """Return the bytes of a tensor, or None if it cannot hold the values."""
    if datatype == "FP64":
        numbers = [NAN if each is None else each for each in values]
        is_exact = all(type(each) is float for each in numbers)
        return struct.pack(f"<{len(numbers)}d", *numbers) if is_exact else None
    if datatype == "BYTES":
        if not all(type(each) is str for each in values):
            return None
        texts = [each.encode() for each in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    kind, form = (bool, "?") if datatype == "BOOL" else (int, "q")
    if not all(type(each) is kind and -(2**63) <= each < 2**63 for each in values):
        return None
    return struct.pack(f"<{len(values)}{form}", *values)


# By name; `NAME` in a path stands for that of the model.
FORMS = {
    "rows": RequestForm("/v1/predict", write_instances, read_rows, place_in_row),
    "columns": RequestForm("/v1/predict", write_columns, read_columns, place_in_column),
    "kserve": RequestForm(
        "/v1/models/NAME:predict", write_instances, read_rows, place_in_row
    ),
    **{
        name: RequestForm("/v2/models/NAME/infer", write, read_tensors, place_in_tensor)
        for name, write in {
            "tensors": write_tensors,
            "nested tensors": write_nested_tensors,
            "tensors with NaN": write_nan_tensors,
            "binary tensors": write_binary_tensors,
        }.items()
    },
}
