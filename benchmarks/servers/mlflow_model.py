"""MLflow: save the pipeline as an MLflow model that answers with probabilities."""

import json
import shutil
import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature

from benchmarks.servers.artefact import FOLDER, load_pipeline

pipeline = load_pipeline()
golden = json.loads((FOLDER / "golden.json").read_bytes())["records"]
example = pd.DataFrame([golden[0]["instance"]])
target = sys.argv[1]
shutil.rmtree(target, ignore_errors=True)
mlflow.sklearn.save_model(
    pipeline,
    target,
    code_paths=[str(path) for path in sorted((FOLDER / "code").glob("*"))],
    signature=infer_signature(example, pipeline.predict_proba(example)),
    pyfunc_predict_fn="predict_proba",
    serialization_format="cloudpickle",
    pip_requirements=[],
)
