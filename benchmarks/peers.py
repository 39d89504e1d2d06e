"""The peers, each as its documentation says for throughput."""

from pathlib import Path
from typing import Any

from benchmarks.places import BUILD
from benchmarks.server import Launch, Server
from benchmarks.workload import Instance

MLFLOW_MODEL = BUILD / "mlflow-model"
MLSERVER_MODEL = BUILD / "mlserver-model"
DATATYPES = {int: "INT64", float: "FP64", str: "BYTES"}


class FastAPI(Server):
    """The pipeline in a path operation, under uvicorn's own workers."""

    name = "fastapi"
    title = "FastAPI"
    setting = "`def` endpoint, uvicorn with uvloop and httptools"
    application = "benchmarks.servers.fastapi_app:app"

    def command(self, launch: Launch) -> list[str]:
        """Return uvicorn's command."""
        address = ["--host", "127.0.0.1", "--port", str(launch.port)]
        workers = ["--workers", str(launch.workers), "--no-access-log"]
        return [str(self.bin / "uvicorn"), self.application, *address, *workers]


class Vetiver(FastAPI):
    """An endpoint for probabilities on vetiver's API, with its prototype."""

    name = "vetiver"
    title = "vetiver"
    setting = "`check_prototype=True`, uvicorn with uvloop and httptools"
    application = "benchmarks.servers.vetiver_app:app"
    path = "/predict_proba"

    def encode(self, instances: list[Instance]) -> Any:
        """Return the bare list of instances."""
        return instances

    def decode(self, answer: Any) -> list[float]:
        """Return the first column under the endpoint's name."""
        return [row[0] for row in answer["predict_proba"]]


class LitServe(Server):
    """Workers of inference behind one API server."""

    name = "litserve"
    title = "LitServe"
    setting = "`max_batch_size=64`, `batch_timeout=0.001`"

    def command(self, launch: Launch) -> list[str]:
        """Return the script that its documentation starts."""
        return [str(self.bin / "python"), "-m", "benchmarks.servers.litserve_app"]


class Ray(Server):
    """Replicas with request batching, behind Ray's proxy."""

    name = "ray"
    title = "Ray Serve"
    setting = "`@serve.batch`, `max_batch_size=64`, `batch_wait_timeout_s=0.001`"

    def command(self, launch: Launch) -> list[str]:
        """Return the script that starts a cluster of one machine."""
        return [str(self.bin / "python"), "-m", "benchmarks.servers.ray_app"]


class BentoML(Server):
    """A batchable API, whose dispatcher learns how long to wait."""

    name = "bentoml"
    title = "BentoML"
    setting = "batchable API, `max_batch_size=4096`"

    def command(self, launch: Launch) -> list[str]:
        """Return bentoml's command; the workers stand in the service."""
        address = ["--host", "127.0.0.1", "--port", str(launch.port)]
        service = "benchmarks.servers.bentoml_app:Scoring"
        return [str(self.bin / "bentoml"), "serve", service, *address]

    def decode(self, answer: Any) -> list[float]:
        """Return the first column of a bare list of rows."""
        return [row[0] for row in answer]


class MLflow(Server):
    """The scoring server of a saved model."""

    name = "mlflow"
    title = "MLflow"
    setting = "`models serve`, `dataframe_split`, uvicorn with uvloop and httptools"
    path = "/invocations"

    def prepare(self, artefact: Path) -> None:
        """Save the pipeline as an MLflow model."""
        super().prepare(artefact)
        self.run_module(artefact, "benchmarks.servers.mlflow_model", str(MLFLOW_MODEL))

    def command(self, launch: Launch) -> list[str]:
        """Return mlflow's command, in the environment that is there."""
        address = ["--host", "127.0.0.1", "--port", str(launch.port)]
        model = ["-m", str(MLFLOW_MODEL), "--env-manager", "local"]
        workers = ["--workers", str(launch.workers)]
        return [str(self.bin / "mlflow"), "models", "serve", *model, *address, *workers]

    def environment(self, launch: Launch) -> dict[str, str]:
        """Put its uvicorn on the path, where its command looks for it."""
        return super().environment(launch) | {"PATH": f"{self.bin}:/usr/bin:/bin"}

    def encode(self, instances: list[Instance]) -> Any:
        """Return the table in the orientation that its documentation prefers."""
        data = [list(instance.values()) for instance in instances]
        return {"dataframe_split": {"columns": list(instances[0]), "data": data}}


class MLServer(Server):
    """Its scikit-learn runtime, over the Open Inference Protocol."""

    name = "mlserver"
    title = "MLServer"
    setting = "scikit-learn runtime, `max_batch_size=64`, `max_batch_time=0.001`"
    path = "/v2/models/scoring/infer"

    def prepare(self, artefact: Path) -> None:
        """Write the settings of its runtime."""
        super().prepare(artefact)
        module = "benchmarks.servers.mlserver_model"
        self.run_module(artefact, module, str(MLSERVER_MODEL))

    def command(self, launch: Launch) -> list[str]:
        """Return mlserver's command; the rest stands in the environment."""
        return [str(self.bin / "mlserver"), "start", str(MLSERVER_MODEL)]

    def environment(self, launch: Launch) -> dict[str, str]:
        """One worker is no pool: a pool of one would only add a hop."""
        grpc, metrics = launch.spare_ports
        return super().environment(launch) | {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(launch.port),
            "MLSERVER_GRPC_PORT": str(grpc),
            "MLSERVER_METRICS_PORT": str(metrics),
            "MLSERVER_METRICS_DIR": str(MLSERVER_MODEL / "metrics"),
            "MLSERVER_PARALLEL_WORKERS": str(launch.workers if launch.workers > 1 else 0),
            "MLSERVER_DEBUG": "false",
        }

    def encode(self, instances: list[Instance]) -> Any:
        """Return a column for each feature."""
        return {"inputs": [_encode_column(instances, name) for name in instances[0]]}

    def decode(self, answer: Any) -> list[float]:
        """Return the first column of the one, flattened output."""
        output = answer["outputs"][0]
        probabilities: list[float] = output["data"][:: output["shape"][1]]
        return probabilities


def _encode_column(instances: list[Instance], name: str) -> dict[str, Any]:
    data = [instance[name] for instance in instances]
    kind = type(data[0])
    return {
        "name": name,
        "shape": [len(data), 1],
        "datatype": DATATYPES[kind],
        "data": data,
    }
