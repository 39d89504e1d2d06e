"""Every form in which instances can be asked for: its bytes, its answer, its places."""

import csv
import io
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from arrow_streams import write_arrow

from service.model.contract.arrow_stream import ARROW
from service.model.contract.flat_columns import flatten
from service.web.dialects.tensor_values import Head, read_values

Row = dict[str, Any]
Columns = dict[str, list[Any]]

# The contract's type of each feature.
Types = Mapping[str, str]

NAN = float("nan")


class Body(NamedTuple):
    """The bytes of a request and its headers."""

    data: bytes
    headers: dict[str, str]


class RequestForm(NamedTuple):
    """A way to ask for predictions.

    `write` returns None of rows that the form has no way to say. `read` takes the bytes
    of an answer to flat columns. `place` is a template of the path of a value, by its
    `name`, its `row` and the `position` of the feature.
    """

    path: str
    write: Callable[[Sequence[Row], Types], Body | None]
    read: Callable[[bytes], Columns]
    place: str


def to_columns(rows: Sequence[Row]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]}


def write_json(document: Any) -> Body:
    data = json.dumps(document).encode()
    return Body(data, {"Content-Type": "application/json"})


def read_rows(answer: bytes) -> Columns:
    predictions = json.loads(answer)["predictions"]
    return to_columns([dict(flatten(row)) for row in predictions])


def read_columns(answer: bytes) -> Columns:
    return dict(flatten(json.loads(answer)["predictions"]))


def read_tensors(answer: bytes) -> Columns:
    return {each["name"]: each["data"] for each in json.loads(answer)["outputs"]}


def read_lines(answer: bytes) -> Columns:
    lines = answer.decode().splitlines()
    return to_columns([dict(flatten(json.loads(line))) for line in lines])


def read_csv(answer: bytes) -> Columns:
    """Read numbers as numbers, and whatever else as it stands."""
    names, *rows = csv.reader(io.StringIO(answer.decode()))
    values = [[read_text(text) for text in row] for row in rows]
    return to_columns([dict(zip(names, row, strict=True)) for row in values])


def read_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def write_instances(rows: Sequence[Row], _: Types) -> Body:
    return write_json({"instances": rows})


def write_columns(rows: Sequence[Row], _: Types) -> Body:
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


def write_tensors(rows: Sequence[Row], _: Types) -> Body:
    """Write as tritonclient does, without a Content-Type."""
    return Body(json.dumps({"inputs": list_tensors(rows)}).encode(), {})


def write_nested_tensors(rows: Sequence[Row], _: Types) -> Body:
    """Write as MLServer's codec for frames does."""
    tensors = list_tensors(rows)
    for tensor in tensors:
        tensor["shape"].append(1)
        tensor["data"] = [[each] for each in tensor["data"]]
        tensor["parameters"] = {"content_type": "pd"}
    return write_json({"inputs": tensors, "parameters": {"content_type": "pd"}})


def write_nan_tensors(rows: Sequence[Row], _: Types) -> Body:
    """Write each null as a bare NaN."""
    filled = [{k: NAN if v is None else v for k, v in row.items()} for row in rows]
    return Body(json.dumps({"inputs": list_tensors(filled)}).encode(), {})


def write_binary_tensors(rows: Sequence[Row], _: Types) -> Body | None:
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


def ask_for_bytes(rows: Sequence[Row], types: Types) -> Body | None:
    """Write tensors as tritonclient does by default, answered as they are written."""
    body = write_binary_tensors(rows, types)
    if body is None:
        return None
    length = int(body.headers["Inference-Header-Content-Length"])
    asked = json.loads(body.data[:length])
    head = json.dumps({**asked, "parameters": {"binary_data_output": True}}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Body(head + body.data[length:], headers)


def read_bytes(answer: bytes) -> Columns:
    """Read an answer of tensors that follow its JSON, as long as that says."""
    parser = json.JSONDecoder()
    said, _ = parser.raw_decode(answer.decode("latin-1"))
    sizes = [each["parameters"]["binary_data_size"] for each in said["outputs"]]
    rest, columns = memoryview(answer)[len(answer) - sum(sizes) :], {}
    for output, size in zip(said["outputs"], sizes, strict=True):
        head = Head(output["name"], (output["shape"][0], 1), output["datatype"], size)
        columns[head.name] = [*read_values(head, None, rest)]
        rest = rest[size:]
    return columns


def write_arrow_table(rows: Sequence[Row], _: Types) -> Body | None:
    table = build_table(rows)
    return None if table is None else send_arrow(table)


def write_coded_arrow(rows: Sequence[Row], _: Types) -> Body | None:
    """Write each column as a slice of a dictionary's codes, in several batches."""
    table = build_table([rows[0], *rows])
    if table is None:
        return None
    coded = [
        column if pa.types.is_null(column.type) else column.dictionary_encode()
        for column in table.columns
    ]
    return send_arrow(pa.table(coded, table.column_names).slice(1), 100)


def build_table(rows: Sequence[Row]) -> Any:
    """Return the rows as a table, or None if a column is of several types."""
    columns = to_columns(rows)
    for values in columns.values():
        if bool in (kinds := {*map(type, values)}) and kinds - {bool, type(None)}:
            return None  # of which Arrow would make numbers
    try:
        return pa.table(columns)
    except (pa.ArrowException, OverflowError):
        return None


def send_arrow(table: Any, rows_of_batch: int = 1000) -> Body:
    headers = {"Content-Type": ARROW, "Accept": ARROW}
    return Body(write_arrow(table, rows_of_batch), headers)


def read_arrow(answer: bytes) -> Columns:
    columns: Columns = pa.ipc.open_stream(answer).read_all().to_pydict()
    return columns


def write_records(rows: Sequence[Row], _: Types) -> Body:
    return write_json({"dataframe_records": rows})


def write_split(rows: Sequence[Row], _: Types) -> Body:
    data = [[*row.values()] for row in rows]
    index = [*range(len(rows))]
    split = {"columns": [*rows[0]], "data": data, "index": index}
    return write_json({"dataframe_split": split})


def write_inputs(rows: Sequence[Row], _: Types) -> Body:
    return write_json({"inputs": to_columns(rows)})


def write_positions(rows: Sequence[Row], _: Types) -> Body:
    return write_json({"instances": [[*row.values()] for row in rows]})


def write_lines(rows: Sequence[Row], _: Types) -> Body:
    lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    accepted = "application/jsonlines"
    return Body(lines, {"Content-Type": accepted, "Accept": accepted})


def write_csv(rows: Sequence[Row], types: Types) -> Body | None:
    body = write_bare_csv(rows, types)
    if body is None:
        return None
    header = ",".join(map(quote, rows[0])).encode()
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    return Body(b"\n".join([header, body.data]), headers)


def write_bare_csv(rows: Sequence[Row], types: Types) -> Body | None:
    """Write rows without a header, as SageMaker's callers do."""
    if not all(is_sayable(v, types[name]) for row in rows for name, v in row.items()):
        return None
    lines = [",".join(map(quote, row.values())) for row in rows]
    return Body("\n".join(lines).encode(), {"Content-Type": "text/csv"})


def is_sayable(value: Any, type_: str) -> bool:
    """Return True if a value's text is no other value of that type."""
    if value is None:
        return True
    if type_ in ("integer", "number", "boolean"):
        return not isinstance(value, str) or isinstance(read_text(value), str)
    return isinstance(value, str)


def quote(value: Any) -> str:
    if isinstance(value, str):
        doubled = value.replace('"', '""')
        is_plain = value and not set(value) & set(',"\n')
        return value if is_plain else f'"{doubled}"'
    return "" if value is None else json.dumps(value)


ROWS, COLUMNS = "instances[{row}].{name}", "columns.{name}[{row}]"
TENSORS, INPUTS = "inputs.{name}[{row}]", "inputs.{name}[{row}]"
RECORDS = "dataframe_records[{row}].{name}"
SPLIT = "dataframe_split.data[{row}][{position}]"
POSITIONS = "instances[{row}][{position}]"
LINES, CSV = "lines[{row}].{name}", "rows[{row}].{name}"
PREDICT, INFER = "/v1/predict", "/v2/models/NAME/infer"
KSERVE, INVOKE = "/v1/models/NAME:predict", "/invocations"

# Where Vertex AI is told to ask.
VERTEX = "/vertex/predict"

# By name; `NAME` in a path stands for that of the model.
FORMS = {
    "rows": RequestForm(PREDICT, write_instances, read_rows, ROWS),
    "columns": RequestForm(PREDICT, write_columns, read_columns, COLUMNS),
    "CSV": RequestForm(PREDICT, write_csv, read_csv, CSV),
    "KServe": RequestForm(KSERVE, write_instances, read_rows, ROWS),
    "tensors": RequestForm(INFER, write_tensors, read_tensors, TENSORS),
    "nested tensors": RequestForm(INFER, write_nested_tensors, read_tensors, TENSORS),
    "tensors with NaN": RequestForm(INFER, write_nan_tensors, read_tensors, TENSORS),
    "binary tensors": RequestForm(INFER, write_binary_tensors, read_tensors, TENSORS),
    "binary answers": RequestForm(INFER, ask_for_bytes, read_bytes, TENSORS),
    "Arrow": RequestForm(PREDICT, write_arrow_table, read_arrow, COLUMNS),
    "coded Arrow": RequestForm(PREDICT, write_coded_arrow, read_arrow, COLUMNS),
    "MLflow's records": RequestForm(INVOKE, write_records, read_rows, RECORDS),
    "MLflow's split": RequestForm(INVOKE, write_split, read_rows, SPLIT),
    "MLflow's inputs": RequestForm(INVOKE, write_inputs, read_rows, INPUTS),
    "MLflow's positions": RequestForm(INVOKE, write_positions, read_rows, POSITIONS),
    "SageMaker's CSV": RequestForm(INVOKE, write_bare_csv, read_rows, CSV),
    "SageMaker's lines": RequestForm(INVOKE, write_lines, read_lines, LINES),
    "Vertex AI": RequestForm(VERTEX, write_instances, read_rows, ROWS),
}
