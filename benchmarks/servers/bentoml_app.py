"""BentoML: a service whose one API is batchable, so that batching adapts."""

import os
from typing import Any

import bentoml
import pandas as pd

from benchmarks.servers.artefact import Pipeline


@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]))
class Scoring:
    def __init__(self) -> None:
        self.pipeline = Pipeline()

    @bentoml.api(batchable=True, max_batch_size=4096)
    def predict(self, instances: list[dict[str, Any]]) -> list[list[float]]:
        rows: list[list[float]] = self.pipeline.answer(pd.DataFrame(instances)).tolist()
        return rows
