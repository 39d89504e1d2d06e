"""What Triton's client makes of the service: tensors in JSON and in bytes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import tritonclient.http as triton
from exchange import Answers, read_case, tell
from tritonclient.utils import InferenceServerException

CASE = read_case()


def build_tensors(rows: list[dict[str, Any]], *, binary: bool) -> Iterator[Any]:
    for name, values in CASE.to_columns(rows).items():
        is_text = isinstance(values[0], str)
        datatype, dtype = ("BYTES", np.object_) if is_text else ("FP64", np.float64)
        tensor = triton.InferInput(name, [len(values)], datatype)
        tensor.set_data_from_numpy(np.array(values, dtype=dtype), binary_data=binary)
        yield tensor


def read_columns(result: Any) -> dict[str, list[Any]]:
    columns = {
        output["name"]: result.as_numpy(output["name"]).tolist()
        for output in result.get_response()["outputs"]
    }
    return {
        name: [each.decode() if isinstance(each, bytes) else each for each in values]
        for name, values in columns.items()
    }


def ask(
    client: Any, rows: list[dict[str, Any]], *, binary: bool, **options: Any
) -> Any:
    tensors = list(build_tensors(rows, binary=binary))
    return client.infer(CASE.model, tensors, **options)


def main() -> None:
    client = triton.InferenceServerClient(CASE.address)
    key = CASE.headers
    answers: Answers = {}
    for binary in (False, True):
        for label, options in {
            "plain": {},
            "versioned": {"model_version": CASE.version, "request_id": "r1"},
            "label": {"outputs": [triton.InferRequestedOutput("label", binary)]},
        }.items():
            found = ask(client, CASE.rows, binary=binary, headers=dict(key), **options)
            answers[f"{label}, binary={binary}"] = read_columns(found)
    faults = {}
    for name, rows, headers in (
        ("wrong", CASE.wrong_rows, dict(key)),
        ("no key", CASE.rows, {}),
    ):
        with suppress(KeyError):
            try:
                ask(client, rows, binary=True, headers=headers)
            except InferenceServerException as error:
                faults[name] = f"{error.status()} {error.message()}"
    inputs = client.get_model_metadata(CASE.model)["inputs"]
    states = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model": client.is_model_ready(CASE.model),
        "features": [each["name"] for each in inputs],
    }
    tell(answers, faults, states)


if __name__ == "__main__":
    main()
