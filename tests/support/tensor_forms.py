"""Every form in which tensors can be sent: its bytes, its answer, its places."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from request_forms import (
    COLUMNS,
    INFER,
    INPUTS,
    INVOKE,
    KSERVE,
    LINES,
    POSITIONS,
    PREDICT,
    RECORDS,
    ROWS,
    SPLIT,
    TENSORS,
    VERTEX,
    Body,
    RequestForm,
    Row,
    Types,
    read_arrow,
    read_columns,
    read_lines,
    read_rows,
    read_tensors,
    send_arrow,
    to_columns,
    write_columns,
    write_inputs,
    write_instances,
    write_json,
    write_lines,
    write_positions,
    write_records,
    write_split,
)

# Of the model `tensors` in pipelines.py.
DTYPES = {"image": "float32", "extra": "int16"}
SHAPES = {"image": (8, 8), "extra": (1,)}
DATATYPES = {"image": "FP32", "extra": "INT16"}


def convert(values: Sequence[Any], name: str) -> np.ndarray | None:
    """Return nested lists as the array that they are exactly, or None."""
    kinds = {int, float} if DTYPES[name] == "float32" else {int}
    flat = flatten(values)
    if not kinds.issuperset(map(type, flat)):
        return None
    try:
        array = np.array(values, DTYPES[name])
    except (ValueError, OverflowError):
        return None
    has_shape = array.shape[1:] == SHAPES[name]
    return array if has_shape and array.ravel().tolist() == flat else None


def flatten(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [each for inner in value for each in flatten(inner)]


def convert_all(rows: Sequence[Row]) -> dict[str, np.ndarray] | None:
    found = {name: convert(values, name) for name, values in to_columns(rows).items()}
    arrays = {name: array for name, array in found.items() if array is not None}
    return arrays if len(arrays) == len(found) else None


def code(array: np.ndarray) -> dict[str, Any]:
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"b64": base64.b64encode(little.tobytes()).decode()}


def write_base64(rows: Sequence[Row], _: Types) -> Body | None:
    arrays = convert_all(rows)
    if arrays is None:
        return None
    coded = [
        {name: code(array[index]) for name, array in arrays.items()}
        for index in range(len(rows))
    ]
    return write_json({"instances": coded})


def write_base64_columns(rows: Sequence[Row], _: Types) -> Body | None:
    """Write bytes with their shape, and the other tensor as lists."""
    image = convert([row["image"] for row in rows], "image")
    if image is None:
        return None
    coded = [{**code(each), "shape": [*each.shape]} for each in image]
    columns = {**to_columns(rows), "image": coded}
    return write_json({"columns": columns})


def describe(name: str, count: int) -> dict[str, Any]:
    shape = [count, *SHAPES[name]]
    return {"name": name, "shape": shape, "datatype": DATATYPES[name]}


def write_nested(rows: Sequence[Row], _: Types) -> Body:
    pairs = to_columns(rows).items()
    inputs = [{**describe(n, len(values)), "data": values} for n, values in pairs]
    return write_json({"inputs": inputs})


def write_flat(rows: Sequence[Row], _: Types) -> Body | None:
    columns = {name: flatten(values) for name, values in to_columns(rows).items()}
    for name, values in columns.items():
        if len(values) != len(rows) * int(np.prod(SHAPES[name])):
            return None
    pairs = columns.items()
    inputs = [{**describe(n, len(rows)), "data": values} for n, values in pairs]
    return Body(json.dumps({"inputs": inputs}).encode(), {})


def write_binary(rows: Sequence[Row], _: Types) -> Body | None:
    arrays = convert_all(rows)
    if arrays is None:
        return None
    inputs, parts = [], []
    for name, array in arrays.items():
        parts.append(array.tobytes())
        size = {"binary_data_size": len(parts[-1])}
        inputs.append({**describe(name, len(rows)), "parameters": size})
    head = json.dumps({"inputs": inputs}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return Body(b"".join([head, *parts]), length)


def list_fixed(array: np.ndarray) -> Any:
    """Return a column of lists of fixed sizes."""
    column = pa.array(array.ravel())
    for size in reversed(array.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, size)
    return column


def write_fixed_lists(rows: Sequence[Row], _: Types) -> Body | None:
    arrays = convert_all(rows)
    if arrays is None:
        return None
    return send_arrow(pa.table({n: list_fixed(each) for n, each in arrays.items()}))


def write_arrow_tensors(rows: Sequence[Row], _: Types) -> Body | None:
    """Write a slice of several batches."""
    arrays = convert_all([rows[0], *rows])
    if arrays is None:
        return None
    make = pa.FixedShapeTensorArray.from_numpy_ndarray
    table = pa.table({name: make(each) for name, each in arrays.items()})
    return send_arrow(table.slice(1), 2)


# Those of which an answer is by row, or by column, as JSON.
TENSOR_FORMS = {
    "rows": RequestForm(PREDICT, write_instances, read_rows, ROWS),
    "columns": RequestForm(PREDICT, write_columns, read_columns, COLUMNS),
    "base64": RequestForm(PREDICT, write_base64, read_rows, ROWS),
    "columns of base64": RequestForm(
        PREDICT, write_base64_columns, read_columns, COLUMNS
    ),
    "KServe": RequestForm(KSERVE, write_instances, read_rows, ROWS),
    "nested tensors": RequestForm(INFER, write_nested, read_tensors, TENSORS),
    "flat tensors": RequestForm(INFER, write_flat, read_tensors, TENSORS),
    "binary tensors": RequestForm(INFER, write_binary, read_tensors, TENSORS),
    "fixed lists": RequestForm(PREDICT, write_fixed_lists, read_arrow, COLUMNS),
    "Arrow tensors": RequestForm(PREDICT, write_arrow_tensors, read_arrow, COLUMNS),
    "MLflow's records": RequestForm(INVOKE, write_records, read_rows, RECORDS),
    "MLflow's split": RequestForm(INVOKE, write_split, read_rows, SPLIT),
    "MLflow's inputs": RequestForm(INVOKE, write_inputs, read_rows, INPUTS),
    "MLflow's positions": RequestForm(INVOKE, write_positions, read_rows, POSITIONS),
    "SageMaker's lines": RequestForm(INVOKE, write_lines, read_lines, LINES),
    "Vertex AI": RequestForm(VERTEX, write_instances, read_rows, ROWS),
}
