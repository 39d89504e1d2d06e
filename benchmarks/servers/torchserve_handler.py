"""TorchServe: a handler of whole batches; the requests of a batch are one table."""

from typing import Any

import pandas as pd

from benchmarks.servers.artefact import Pipeline


class Scoring:
    def initialize(self, context: Any) -> None:
        self.pipeline = Pipeline()

    def handle(self, requests: list[Any], context: Any) -> list[dict[str, Any]]:
        parts = [request["body"]["instances"] for request in requests]
        frame = pd.DataFrame([instance for each in parts for instance in each])
        rows = iter(self.pipeline.answer(frame).tolist())
        return [{"predictions": [next(rows) for _ in each]} for each in parts]
