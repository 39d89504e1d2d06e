"""The engine and compose, by their commands."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

DEPLOY = Path(__file__).parents[1]

# Services that a plain start leaves out: compose.yaml.
PROFILE = "rollout"


class RolloutError(Exception):
    """The command cannot be done; the sentence says why."""


class DockerError(RolloutError):
    """A command of docker failed."""


def run_docker(
    *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run a command of docker, and return what it prints. Raises DockerError."""
    done = try_docker(*arguments, given=given, environment=environment)
    if done.returncode:
        raise DockerError(find_reason(done.stderr) or f"docker {arguments[0]} failed.")
    return done.stdout


def try_docker(
    *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of docker, which may fail."""
    try:
        return subprocess.run(
            ["docker", *arguments],
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise DockerError("docker is not installed.") from None


def find_reason(output: str) -> str:
    """Return the last line of what a command complains of, which says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error response from daemon: ") if lines else ""


class Compose:
    """`docker compose` as the stack was started: by the environment's variables."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        file = str(DEPLOY / "compose.yaml")
        self.environment = {
            "COMPOSE_FILE": file,
            **variables,
            "COMPOSE_PROFILES": PROFILE,
        }

    def run(self, *arguments: str, given: str = "") -> str:
        """Run a command of compose, and return what it prints. Raises DockerError."""
        return run_docker(
            "compose", *arguments, given=given, environment=self.environment
        )

    def attempt(
        self, *arguments: str, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of compose, which may fail."""
        return try_docker(
            "compose", *arguments, given=given, environment=self.environment
        )
