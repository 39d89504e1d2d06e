"""What a server is: how it is installed, started, asked and understood."""

import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import find_python, prepare_environment, read_version
from benchmarks.places import BUILD, ROOT
from benchmarks.process import Running, build_environment, start
from benchmarks.workload import Instance


@dataclass(frozen=True)
class Launch:
    """One start of a server."""

    artefact: Path
    workers: int
    port: int
    spare_ports: tuple[int, int] = (0, 0)


class Server:
    """A peer in an environment of its own; most speak lists of instances.

    `command_line` starts it, with {port} and {workers} to be filled in; its program is
    that of the environment. `saver` is a module that first saves the pipeline in a
    form of the server's own, in `saved`. Where a server that `may_fail` does not serve,
    the report says why; any other ends the run.
    """

    name: str
    title: str
    setting: str
    command_line: str
    saver = ""
    package = ""
    path = "/predict"
    headers: Mapping[str, str] = {}
    is_limit = False
    may_fail = True

    def prepare(self, artefact: Path) -> None:
        """Do what has to be done once, before the first start."""
        prepare_environment(self.package or self.name)
        if self.saver:
            subprocess.run(
                [str(self.bin / "python"), "-m", self.saver, str(self.saved)],
                env=build_environment(build_peer_environment(artefact)),
                check=True,
                capture_output=True,
            )

    @property
    def version(self) -> str:
        """The version that is measured."""
        package = self.package or self.name
        return read_version(package, package)

    @property
    def bin(self) -> Path:
        """The folder of the commands of its environment."""
        return find_python(self.package or self.name).parent

    @property
    def saved(self) -> Path:
        """The folder of its own form of the pipeline."""
        return BUILD / f"{self.name}-model"

    def command(self, launch: Launch) -> list[str]:
        """Return the command that starts it in the foreground."""
        program, *arguments = shlex.split(
            self.command_line.format(
                port=launch.port, workers=launch.workers, saved=self.saved
            )
        )
        return [str(self.bin / program), *arguments]

    def environment(self, launch: Launch) -> dict[str, str]:
        """Return the variables that it reads, beside the machine's."""
        return build_peer_environment(launch.artefact) | {
            "BENCH_WORKERS": str(launch.workers),
            "BENCH_PORT": str(launch.port),
        }

    @contextmanager
    def run(self, launch: Launch, **variables: str) -> Iterator[tuple[Running, int]]:
        """Start it, yield its processes and the port to call, and end it."""
        environment = self.environment(launch) | variables
        with start(self.command(launch), environment) as running:
            yield running, launch.port

    def write(self, instances: Sequence[Instance]) -> bytes:
        """Return the body of a request."""
        return json.dumps(self.encode(list(instances)), separators=(",", ":")).encode()

    def read(self, answer: bytes) -> list[float]:
        """Return the first class's probability of each instance."""
        return self.decode(json.loads(answer))

    def encode(self, instances: list[Instance]) -> Any:
        """Return the body of a request, as what json takes."""
        return {"instances": instances}

    def decode(self, answer: Any) -> list[float]:
        """Return the first class's probability of each instance."""
        return [row[0] for row in answer["predictions"]]


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
