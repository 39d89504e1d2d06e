"""LitServe: an API with dynamic batching; the requests of a batch are one table."""

import os
from typing import Any

import litserve as ls
import numpy as np
import pandas as pd

from benchmarks.servers.artefact import Pipeline


class Scoring(ls.LitAPI):
    """Each request holds a list of instances; a batch is a list of such lists."""

    def setup(self, device: str) -> None:
        self.pipeline = Pipeline()

    def decode_request(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        instances: list[dict[str, Any]] = request["instances"]
        return instances

    def batch(self, inputs: list[list[dict[str, Any]]]) -> Any:
        """Return the instances of all requests, and where each request ends."""
        return [i for each in inputs for i in each], np.cumsum([len(i) for i in inputs])

    def predict(self, batch: Any) -> Any:
        instances, ends = batch
        return self.pipeline.answer(pd.DataFrame(instances)), ends

    def unbatch(self, output: Any) -> list[Any]:
        numbers, ends = output
        return np.split(numbers, ends[:-1])

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = ls.LitServer(
        Scoring(max_batch_size=64, batch_timeout=0.001),
        accelerator="cpu",
        workers_per_device=int(os.environ["BENCH_WORKERS"]),
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        generate_client_file=False,
        log_level="warning",
    )
