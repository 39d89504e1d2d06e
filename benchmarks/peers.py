"""The peers, each served as its documentation says to."""

from typing import Any

from benchmarks.server import Launch, Server
from benchmarks.workload import Instance

UVICORN = "--host 127.0.0.1 --port {port} --workers {workers} --no-access-log"

# The types of the Open Inference Protocol.
DATATYPES = {int: "INT64", float: "FP64", str: "BYTES"}


class FastAPI(Server):
    """The pipeline in a path operation, under uvicorn's own workers."""

    name = "fastapi"
    title = "FastAPI, `def`"
    setting = "endpoint in a pool of threads, uvicorn with uvloop and httptools"
    command_line = f"uvicorn benchmarks.servers.fastapi_app:app {UVICORN}"


class AsyncFastAPI(FastAPI):
    """The same on the event loop: more throughput of one worker, less fairness."""

    name = "fastapi-async"
    package = "fastapi"
    title = "FastAPI, `async def`"
    setting = "endpoint on the event loop, uvicorn with uvloop and httptools"
    path = "/predict-async"


class Vetiver(Server):
    """An endpoint for probabilities on vetiver's API, with its prototype."""

    name = "vetiver"
    title = "vetiver"
    setting = "`check_prototype=True`, uvicorn with uvloop and httptools"
    command_line = f"uvicorn benchmarks.servers.vetiver_app:app {UVICORN}"
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
    command_line = "python -m benchmarks.servers.litserve_app"


class Ray(Server):
    """Replicas with request batching, behind Ray's proxy."""

    name = "ray"
    title = "Ray Serve"
    setting = "`@serve.batch`, `max_batch_size=64`, `batch_wait_timeout_s=0.001`"
    command_line = "python -m benchmarks.servers.ray_app"


class BentoML(Server):
    """A batchable API, whose dispatcher learns how long to wait."""

    name = "bentoml"
    title = "BentoML"
    setting = "batchable API, `max_batch_size=4096`"
    command_line = (
        "bentoml serve benchmarks.servers.bentoml_app:Scoring"
        " --host 127.0.0.1 --port {port}"
    )

    def decode(self, answer: Any) -> list[float]:
        """Return the first column of a bare list of rows."""
        return [row[0] for row in answer]


class MLflow(Server):
    """The scoring server of a saved model."""

    name = "mlflow"
    title = "MLflow"
    setting = "`models serve`, `dataframe_split`, uvicorn with uvloop and httptools"
    command_line = (
        "mlflow models serve -m {saved} --env-manager local"
        " --host 127.0.0.1 --port {port} --workers {workers}"
    )
    saver = "benchmarks.servers.mlflow_model"
    path = "/invocations"

    def environment(self, launch: Launch) -> dict[str, str]:
        """Put its uvicorn on the path, where its command looks for it."""
        return super().environment(launch) | {"PATH": f"{self.bin}:/usr/bin:/bin"}

    def encode(self, instances: list[Instance]) -> Any:
        """Return the table in the orientation that its documentation prefers."""
        data = [list(instance.values()) for instance in instances]
        return {"dataframe_split": {"columns": list(instances[0]), "data": data}}


class OpenInference(Server):
    """A server of the Open Inference Protocol, with an input for each feature."""

    path = "/v2/models/scoring/infer"

    def encode(self, instances: list[Instance]) -> Any:
        """Return a column for each feature."""
        return {
            "inputs": [
                {
                    "name": name,
                    "shape": [len(instances), 1],
                    "datatype": DATATYPES[type(value)],
                    "data": [instance[name] for instance in instances],
                }
                for name, value in instances[0].items()
            ]
        }

    def decode(self, answer: Any) -> list[float]:
        """Return the first column of the one, flattened output."""
        output = answer["outputs"][0]
        probabilities: list[float] = output["data"][:: output["shape"][1]]
        return probabilities


class MLServer(OpenInference):
    """Its scikit-learn runtime, over the Open Inference Protocol."""

    name = "mlserver"
    title = "MLServer"
    setting = "scikit-learn runtime, `max_batch_size=64`, `max_batch_time=0.001`"
    command_line = "mlserver start {saved}"
    saver = "benchmarks.servers.mlserver_model"

    def environment(self, launch: Launch) -> dict[str, str]:
        """One worker is no pool: a pool of one is no faster, and a process more."""
        grpc, metrics = launch.spare_ports
        return super().environment(launch) | {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(launch.port),
            "MLSERVER_GRPC_PORT": str(grpc),
            "MLSERVER_METRICS_PORT": str(metrics),
            "MLSERVER_METRICS_DIR": str(self.saved / "metrics"),
            "MLSERVER_PARALLEL_WORKERS": str(launch.workers * (launch.workers > 1)),
            "MLSERVER_DEBUG": "false",
        }
