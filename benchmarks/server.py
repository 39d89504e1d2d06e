"""What a server is: how it is started, asked and understood."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import find_python, prepare_environment, read_version
from benchmarks.places import ROOT
from benchmarks.process import build_environment
from benchmarks.workload import Instance


@dataclass(frozen=True)
class Launch:
    """One start of a server."""

    artefact: Path
    workers: int
    port: int
    spare_ports: tuple[int, int]


class Server:
    """A peer in an environment of its own; most speak lists of instances."""

    name: str
    title: str
    setting: str
    package = ""
    path = "/predict"
    headers: Mapping[str, str] = {}
    is_limit = False

    def prepare(self, artefact: Path) -> None:
        """Do what has to be done once, before the first start."""
        prepare_environment(self.package or self.name)

    @property
    def version(self) -> str:
        """The version that is measured."""
        package = self.package or self.name
        return read_version(package, package)

    @property
    def bin(self) -> Path:
        """The folder of the commands of its environment."""
        return find_python(self.package or self.name).parent

    def command(self, launch: Launch) -> list[str]:
        """Return the command that starts it in the foreground."""
        raise NotImplementedError

    def environment(self, launch: Launch) -> dict[str, str]:
        """Return the variables that it reads, beside the machine's."""
        return build_peer_environment(launch.artefact) | {
            "BENCH_WORKERS": str(launch.workers),
            "BENCH_PORT": str(launch.port),
        }

    def encode(self, instances: list[Instance]) -> Any:
        """Return the body of a request, as what json takes."""
        return {"instances": instances}

    def decode(self, answer: Any) -> list[float]:
        """Return the first class's probability of each instance."""
        return [row[0] for row in answer["predictions"]]

    def run_module(self, artefact: Path, module: str, *arguments: str) -> None:
        """Run a module in its environment, to the end."""
        subprocess.run(
            [str(self.bin / "python"), "-m", module, *arguments],
            env=build_environment(build_peer_environment(artefact)),
            check=True,
            capture_output=True,
        )


def build_peer_environment(artefact: Path) -> dict[str, str]:
    """Return what lets a peer find the pipeline, and keeps it from calling home."""
    return {
        "PYTHONPATH": f"{ROOT}:{artefact / 'code'}",
        "BENCH_ARTEFACT": str(artefact),
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
