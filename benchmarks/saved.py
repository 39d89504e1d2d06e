"""The peers that serve a saved model, as their documentation says to."""

from pathlib import Path
from typing import Any

from benchmarks.places import BUILD
from benchmarks.server import Launch, Server
from benchmarks.workload import Instance

MLFLOW_MODEL = BUILD / "mlflow-model"
MLSERVER_MODEL = BUILD / "mlserver-model"
DATATYPES = {int: "INT64", float: "FP64", str: "BYTES"}


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
        """One worker is no pool: a pool of one is no faster, and a process more."""
        grpc, metrics = launch.spare_ports
        return super().environment(launch) | {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(launch.port),
            "MLSERVER_GRPC_PORT": str(grpc),
            "MLSERVER_METRICS_PORT": str(metrics),
            "MLSERVER_METRICS_DIR": str(MLSERVER_MODEL / "metrics"),
            "MLSERVER_PARALLEL_WORKERS": str(
                launch.workers if launch.workers > 1 else 0
            ),
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
