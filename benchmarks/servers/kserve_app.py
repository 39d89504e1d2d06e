"""KServe: its Python server with a model of one's own, over the first protocol."""

import os
from typing import Any

import pandas as pd
from kserve import Model, ModelServer

from benchmarks.servers.artefact import Pipeline


class Scoring(Model):
    def __init__(self) -> None:
        super().__init__("scoring")
        self.pipeline = Pipeline()
        self.ready = True

    def predict(self, payload: dict[str, Any], headers: Any = None) -> dict[str, Any]:
        frame = pd.DataFrame(payload["instances"])
        return {"predictions": self.pipeline.answer(frame).tolist()}


if __name__ == "__main__":
    server = ModelServer(
        http_port=int(os.environ["BENCH_PORT"]),
        workers=int(os.environ["BENCH_WORKERS"]),
        enable_grpc=False,
        enable_latency_logging=False,
    )
    server.start([Scoring()])
