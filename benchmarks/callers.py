"""Our service, asked in other forms than its own JSON by row."""

import csv
import io
import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import OURS_WITH_ARROW
from benchmarks.ours import Ours
from benchmarks.workload import Instance

ARROW, CSV = "application/vnd.apache.arrow.stream", "text/csv"
INFER = "/v2/models/credit-risk/infer"
DATATYPES = {int: ("INT64", "q"), float: ("FP64", "d")}

# The JSON before the bytes of tensors, padded: wrk sends one length with every body.
HEAD_BYTES = 4096


class Form(NamedTuple):
    """How instances are asked for, and the first number of each answer is read."""

    title: str
    path: str
    headers: dict[str, str]
    write: Callable[[Sequence[Instance]], bytes]
    read: Callable[[bytes], list[float]]


class Asked(Ours):
    """Ours, asked in a form."""

    package = OURS_WITH_ARROW

    def __init__(self, name: str, form: Form) -> None:
        self.name = f"ours-{name}"
        self.title = f"this service, {form.title}"
        self.path = form.path
        self._form = form

    def prepare(self, artefact: Path) -> None:
        """Add the form's headers to those of every request."""
        super().prepare(artefact)
        self.headers = {**self.headers, **self._form.headers}

    def write(self, instances: Sequence[Instance]) -> bytes:
        """Return the body of a request in the form."""
        return self._form.write(instances)

    def read(self, answer: bytes) -> list[float]:
        """Return the first class's probability of each instance."""
        return self._form.read(answer)


def _list_columns(instances: Sequence[Instance]) -> dict[str, list[Any]]:
    return {name: [each[name] for each in instances] for name in instances[0]}


def _write_columns(instances: Sequence[Instance]) -> bytes:
    columns = {"columns": _list_columns(instances)}
    return json.dumps(columns, separators=(",", ":")).encode()


def _read_columns(answer: bytes) -> list[float]:
    probabilities: list[float] = json.loads(answer)["predictions"]["probabilities"][
        "bad"
    ]
    return probabilities


def _write_rows(instances: Sequence[Instance]) -> bytes:
    return json.dumps({"instances": instances}, separators=(",", ":")).encode()


def _read_rows(answer: bytes) -> list[float]:
    return [each["probabilities"]["bad"] for each in json.loads(answer)["predictions"]]


def _write_tensors(instances: Sequence[Instance]) -> bytes:
    inputs = [
        {
            "name": name,
            "shape": [len(values)],
            "datatype": DATATYPES.get(type(values[0]), ("BYTES",))[0],
            "data": values,
        }
        for name, values in _list_columns(instances).items()
    ]
    return json.dumps({"inputs": inputs}, separators=(",", ":")).encode()


def _read_tensors(answer: bytes) -> list[float]:
    outputs = {each["name"]: each["data"] for each in json.loads(answer)["outputs"]}
    probabilities: list[float] = outputs["probabilities.bad"]
    return probabilities


def _write_binary(instances: Sequence[Instance]) -> bytes:
    request = json.loads(_write_tensors(instances))
    parts = []
    for tensor in request["inputs"]:
        values = tensor.pop("data")
        if tensor["datatype"] == "BYTES":
            texts = [each.encode() for each in values]
            part = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        else:
            part = struct.pack(
                f"<{len(values)}{DATATYPES[type(values[0])][1]}", *values
            )
        tensor["parameters"] = {"binary_data_size": len(part)}
        parts.append(part)
    request["parameters"] = {"binary_data_output": True}
    head = json.dumps(request, separators=(",", ":")).encode().ljust(HEAD_BYTES)
    return b"".join([head, *parts])


def _read_binary(answer: bytes) -> list[float]:
    """Read the bytes of the tensors behind the JSON, which ends with its brace."""
    head, end = json.JSONDecoder().raw_decode(answer.decode("latin-1"))
    at = end
    for output in head["outputs"]:
        size = output["parameters"]["binary_data_size"]
        if output["name"] == "probabilities.bad":
            return list(struct.unpack(f"<{size // 8}d", answer[at : at + size]))
        at += size
    raise ValueError("the answer has no probabilities")


def _write_csv(instances: Sequence[Instance]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, [*instances[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(instances)
    return file.getvalue().encode()


def _read_csv(answer: bytes) -> list[float]:
    rows = csv.DictReader(io.StringIO(answer.decode()))
    return [float(row["probabilities.bad"]) for row in rows]


def _write_arrow(instances: Sequence[Instance]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - development's alone

    table = pa.table(_list_columns(instances))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _read_arrow(answer: bytes) -> list[float]:
    import pyarrow as pa  # noqa: PLC0415 - development's alone

    table = pa.ipc.open_stream(answer).read_all()
    return table["probabilities.bad"].to_pylist()  # type: ignore[no-any-return]


PREDICT = "/v1/predict"
TENSORS: dict[str, str] = {"Inference-Header-Content-Length": str(HEAD_BYTES)}
CALLERS = [
    Asked(name, form)
    for name, form in {
        "columns": Form("by column", PREDICT, {}, _write_columns, _read_columns),
        "kserve": Form(
            "KServe v1",
            "/v1/models/credit-risk:predict",
            {},
            _write_rows,
            _read_rows,
        ),
        "tensors": Form("tensors in JSON", INFER, {}, _write_tensors, _read_tensors),
        "binary": Form("tensors as bytes", INFER, TENSORS, _write_binary, _read_binary),
        "csv": Form(
            "CSV",
            PREDICT,
            {"Content-Type": CSV, "Accept": CSV},
            _write_csv,
            _read_csv,
        ),
        "arrow": Form(
            "Arrow",
            PREDICT,
            {"Content-Type": ARROW, "Accept": ARROW},
            _write_arrow,
            _read_arrow,
        ),
    }.items()
]
