"""FastAPI: a Pydantic model of the instance, and path operations of both kinds."""

from typing import Any

import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from benchmarks.servers.artefact import Pipeline, read_features

pipeline = Pipeline()
Instance: Any = create_model(
    "Instance", **{name: (kind, ...) for name, kind in read_features().items()}
)


class Request(BaseModel):
    instances: list[Instance]


app = FastAPI()


@app.post("/predict")
def predict(request: Request) -> dict[str, list[list[float]]]:
    frame = pd.DataFrame([instance.model_dump() for instance in request.instances])
    return {"predictions": pipeline.answer(frame).tolist()}


@app.post("/predict-async")
async def predict_async(request: Request) -> dict[str, list[list[float]]]:
    """Answer the same from the event loop, one request after the other."""
    return predict(request)
