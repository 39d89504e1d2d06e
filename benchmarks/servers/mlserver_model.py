"""MLServer: write the settings of its scikit-learn runtime, batching adaptively."""

import json
import shutil
import sys
from pathlib import Path

from benchmarks.servers.artefact import FOLDER, read_features

DATATYPES = {int: "INT64", float: "FP64", str: "BYTES"}

target = Path(sys.argv[1])
shutil.rmtree(target, ignore_errors=True)
target.mkdir(parents=True)
model = {
    "name": "scoring",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "max_batch_size": 64,
    "max_batch_time": 0.001,
    "parameters": {
        "uri": str(FOLDER / "pipeline.joblib"),
        "content_type": "pd",
        "extra": {"predict_fn": "predict_proba"},
    },
    "inputs": [
        {
            "name": name,
            "datatype": DATATYPES[kind],
            "shape": [-1, 1],
            "parameters": {"content_type": "str" if kind is str else "np"},
        }
        for name, kind in read_features().items()
    ],
}
(target / "model-settings.json").write_text(json.dumps(model))
