"""What the client makes of the service that is generated of the protocol's document."""

import json
from typing import Any

from exchange import Answers, Rows, read_case, tell
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.types import InferenceRequest, RequestInput

CASE = read_case()


def build_request(rows: Rows) -> Any:
    return InferenceRequest(
        id="r1",
        inputs=[
            RequestInput(
                name=name,
                shape=[len(values)],
                datatype="BYTES" if isinstance(values[0], str) else "FP64",
                data=values,
            )
            for name, values in CASE.to_columns(rows).items()
        ],
    )


def read_columns(response: Any) -> dict[str, list[Any]]:
    outputs = json.loads(response.json())["outputs"]
    return {each["name"]: each["data"] for each in outputs}


def main() -> None:
    client = OpenInferenceClient(base_url=CASE.url)
    wrapper = client._client_wrapper
    wrapper.httpx_client.headers.update(CASE.headers)
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness(CASE.model)
    client.check_model_version_readiness(CASE.model, CASE.version)
    answers: Answers = {}
    found = client.model_infer(CASE.model, request=build_request(CASE.rows))
    answers["plain"] = read_columns(found)
    found = client.model_version_infer(
        CASE.model, CASE.version, request=build_request(CASE.rows)
    )
    answers["versioned"] = read_columns(found)
    faults = {}
    try:
        client.model_infer(CASE.model, request=build_request(CASE.wrong_rows))
    except ApiError as error:
        faults["wrong"] = f"{error.status_code} {error.body}"
    metadata = client.read_model_metadata(CASE.model)
    states = {
        "name": client.read_server_metadata().name,
        "features": [each.name for each in metadata.inputs or []],
    }
    tell(answers, faults, states)


if __name__ == "__main__":
    main()
