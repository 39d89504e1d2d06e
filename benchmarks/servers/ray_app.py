"""Ray Serve: replicas of a deployment with dynamic request batching."""

import os
import signal
from typing import Any

import pandas as pd
import ray
from ray import serve
from starlette.requests import Request

from benchmarks.servers.artefact import load_pipeline


@serve.deployment(
    num_replicas=int(os.environ["BENCH_WORKERS"]),
    max_ongoing_requests=128,
    ray_actor_options={"num_cpus": 0.5},
)
class Scoring:
    def __init__(self) -> None:
        self.pipeline = load_pipeline()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.001)
    async def predict(self, requests: list[list[Any]]) -> list[list[list[float]]]:
        frame = pd.DataFrame([instance for each in requests for instance in each])
        rows = iter(self.pipeline.predict_proba(frame).tolist())
        return [[next(rows) for _ in each] for each in requests]

    async def __call__(self, request: Request) -> dict[str, Any]:
        body = await request.json()
        return {"predictions": await self.predict(body["instances"])}


if __name__ == "__main__":
    ray.init(
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        num_cpus=2,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
    )
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])}
    )
    serve.run(Scoring.bind(), route_prefix="/predict")
    signal.pause()
