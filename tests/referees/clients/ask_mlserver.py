"""What MLServer's types and codecs make of the service's answers."""

import httpx
import pandas as pd
from exchange import Answers, Rows, read_case, tell
from mlserver.codecs import PandasCodec
from mlserver.types import (
    InferenceErrorResponse,
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataServerResponse,
    Parameters,
    RequestInput,
)

CASE = read_case()


def build_request(rows: Rows) -> str:
    """Return what its codec for frames writes: a column of the shape [n, 1] each."""
    inputs = [
        RequestInput(
            name=name,
            shape=[len(values), 1],
            datatype="BYTES" if isinstance(values[0], str) else "FP64",
            parameters=Parameters(
                content_type="str" if isinstance(values[0], str) else None
            ),
            data=values,
        )
        for name, values in CASE.to_columns(rows).items()
    ]
    request = InferenceRequest(inputs=inputs, parameters=Parameters(content_type="pd"))
    return request.model_dump_json()


def main() -> None:
    answers: Answers = {}
    with httpx.Client(base_url=CASE.url, headers=CASE.headers) as client:
        infer = f"/v2/models/{CASE.model}/infer"
        found = client.post(infer, content=build_request(CASE.rows))
        response = InferenceResponse.model_validate_json(found.content)
        frame: pd.DataFrame = PandasCodec.decode_response(response)
        answers["frame"] = frame.to_dict("list")
        found = client.post(infer, content=build_request(CASE.wrong_rows))
        error = InferenceErrorResponse.model_validate_json(found.content)
        faults = {"wrong": f"{found.status_code} {error.error}"}
        found = client.get(f"/v2/models/{CASE.model}")
        metadata = MetadataModelResponse.model_validate_json(found.content)
        found = client.get("/v2")
        server = MetadataServerResponse.model_validate_json(found.content)
    features = [each.name for each in metadata.inputs or []]
    tell(answers, faults, {"features": features, "name": server.name})


if __name__ == "__main__":
    main()
