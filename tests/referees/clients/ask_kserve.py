"""What KServe's client makes of the service: its v1 protocol, and tensors."""

import asyncio
from typing import Any

import httpx
import numpy as np
from exchange import Answers, Rows, read_case, tell
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

CASE = read_case()


def build_request(rows: Rows, *, binary: bool) -> Any:
    tensors = []
    for name, values in CASE.to_columns(rows).items():
        is_text = isinstance(values[0], str)
        datatype, dtype = ("BYTES", np.object_) if is_text else ("FP64", np.float64)
        tensor = InferInput(name, [len(values)], datatype)
        array = np.array(values, dtype=dtype)
        if binary:
            tensor.set_data_from_numpy(array, binary_data=True)
        else:
            tensor.data = values
        tensors.append(tensor)
    return InferRequest(model_name=CASE.model, infer_inputs=tensors)


async def ask(client: Any, data: Any, headers: dict[str, str]) -> Any:
    return await client.infer(CASE.url, data, CASE.model, headers=headers)


async def ask_tensors(answers: Answers, faults: dict[str, str]) -> dict[str, Any]:
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as client:
        for binary in (False, True):
            request = build_request(CASE.rows, binary=binary)
            found = await ask(client, request, CASE.headers)
            answers[f"tensors, binary={binary}"] = {
                each.name: list(each.data) for each in found.outputs
            }
            try:
                await ask(
                    client, build_request(CASE.wrong_rows, binary=binary), CASE.headers
                )
            except httpx.HTTPStatusError as error:
                faults[f"wrong, binary={binary}"] = str(error)
        return {
            "live": await client.is_server_live(CASE.url),
            "ready": await client.is_server_ready(CASE.url),
            "model": await client.is_model_ready(CASE.url, CASE.model),
        }


async def ask_rows(answers: Answers, faults: dict[str, str]) -> dict[str, Any]:
    async with InferenceRESTClient(RESTConfig(protocol="v1", retries=0)) as client:
        found = await ask(client, {"instances": CASE.rows}, CASE.headers)
        predictions = found["predictions"]
        answers["rows"] = {
            "label": [each["label"] for each in predictions],
            **{
                f"probabilities.{name}": [
                    each["probabilities"][name] for each in predictions
                ]
                for name in predictions[0]["probabilities"]
            },
        }
        for name, headers in (("wrong, rows", CASE.headers), ("no key", {})):
            try:
                await ask(client, {"instances": CASE.wrong_rows}, headers)
            except httpx.HTTPStatusError as error:
                faults[name] = str(error)
        return {
            "v1 live": await client.is_server_live(CASE.url),
            "v1 model": await client.is_model_ready(CASE.url, CASE.model),
        }


async def main() -> None:
    answers: Answers = {}
    faults: dict[str, str] = {}
    states = await ask_tensors(answers, faults) | await ask_rows(answers, faults)
    tell(answers, faults, states)


if __name__ == "__main__":
    asyncio.run(main())
