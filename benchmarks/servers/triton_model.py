"""Triton: a model of its Python backend; the requests of a batch are one table."""

from typing import Any

import pandas as pd
import triton_python_backend_utils as triton

from benchmarks.servers.artefact import Pipeline, read_features


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        self.pipeline = Pipeline()
        self.features = read_features()

    def execute(self, requests: list[Any]) -> list[Any]:
        frames = [self._read(request) for request in requests]
        answers = self.pipeline.answer(pd.concat(frames, ignore_index=True))
        ends = pd.Series([len(frame) for frame in frames]).cumsum()
        starts = [0, *ends[:-1]]
        return [
            triton.InferenceResponse(
                [triton.Tensor("probabilities", answers[start:end])]
            )
            for start, end in zip(starts, ends, strict=True)
        ]

    def _read(self, request: Any) -> pd.DataFrame:
        columns = {}
        for name, kind in self.features.items():
            values = triton.get_input_tensor_by_name(request, name).as_numpy()[:, 0]
            columns[name] = [v.decode() for v in values] if kind is str else values
        return pd.DataFrame(columns)
