"""vetiver: the model's API with its prototype, and an endpoint for probabilities."""

import json

import pandas as pd
from vetiver import VetiverAPI, VetiverModel

from benchmarks.servers.artefact import FOLDER, load_pipeline

pipeline = load_pipeline()
golden = json.loads((FOLDER / "golden.json").read_bytes())["records"]
prototype = pd.DataFrame([golden[0]["instance"]])


def predict_proba(frame: pd.DataFrame) -> list[list[float]]:
    rows: list[list[float]] = pipeline.predict_proba(frame).tolist()
    return rows


model = VetiverModel(pipeline, "scoring", prototype_data=prototype)
api = VetiverAPI(model, check_prototype=True)
api.vetiver_post(predict_proba, "predict_proba")
app = api.app
