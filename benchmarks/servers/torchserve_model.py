"""TorchServe: write its settings, and the model as a folder that is not archived."""

import json
import shutil
import sys
from pathlib import Path

target = Path(sys.argv[1])
shutil.rmtree(target, ignore_errors=True)
model = target / "models" / "scoring"
(model / "MAR-INF").mkdir(parents=True)
shutil.copy(Path(__file__).with_name("torchserve_handler.py"), model)
(model / "batches.yaml").write_text("batchSize: 64\nmaxBatchDelay: 1\n")
manifest = {
    "runtime": "python",
    "model": {
        "modelName": "scoring",
        "modelVersion": "1.0",
        "handler": "torchserve_handler.py",
        "configFile": "batches.yaml",
    },
}
(model / "MAR-INF" / "MANIFEST.json").write_text(json.dumps(manifest))
settings = "enable_envvars_config=true\nasync_logging=true\nenable_metrics_api=false\n"
(target / "config.properties").write_text(settings)
