"""Docker as ops use it: an engine, images of ours, and containers run hardened."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pipelines import ROOT

HARDENED = (
    *("--read-only", "--tmpfs", "/tmp", "--network", "none"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m", "--pids-limit", "200"),
)
PATIENCE_SECONDS = 120

# Asks the service from inside: a container without a network has no other way.
ASK = """
import sys, urllib.request as u
headers = {"X-API-Key": sys.argv[1], "Content-Type": "application/json"}
body = sys.stdin.buffer.read()
request = u.Request("http://127.0.0.1:8000/v1/predict", body, headers)
sys.stdout.write(u.urlopen(request, timeout=60).read().decode())
"""


def require_engine() -> None:
    """Skip where no engine answers."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(
        ["docker", "version"], capture_output=True, check=False
    ).returncode:
        pytest.skip("no Docker engine answers")


def run_docker(*arguments: str, given: bytes = b"") -> str:
    """Run a command of docker, and return what it prints."""
    done = subprocess.run(
        ["docker", *arguments], input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def try_to_build(
    artefact: Path, tag: str, *options: str, source: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Build an image as its users do, from a checkout."""
    command = [sys.executable, "-m", "service", "image", str(artefact), "--tag", tag]
    options = ("--network=host", "--quiet", *options)
    return subprocess.run(
        [*command, *(f"--docker={option}" for option in options)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )


def build(artefact: Path, tag: str, *options: str, source: Path = ROOT) -> str:
    """Build an image, and return its name."""
    done = try_to_build(artefact, tag, *options, source=source)
    assert done.returncode == 0, done.stderr
    return tag


class Container:
    """A container of the service, hardened as deploy/ has it."""

    def __init__(self, image: str, keys_file: Path, *options: str) -> None:
        mount = f"{keys_file}:/run/secrets/api-keys.json:ro"
        self.id = run_docker(
            "run", "--detach", *HARDENED, "--volume", mount, *options, image
        ).strip()

    def inspect(self) -> dict[str, Any]:
        """Return what the engine says of it."""
        [found] = json.loads(run_docker("inspect", self.id))
        return dict(found)

    def wait_until_healthy(self) -> None:
        """Wait until its own check says so."""
        events = subprocess.Popen(
            [
                *("docker", "events", "--since", "0", "--format", "{{.Action}}"),
                *("--filter", f"container={self.id}"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            for line in events.stdout or ():
                if line.strip() == "health_status: healthy":
                    return
                assert line.strip() != "die", self.read_log()
        finally:
            events.terminate()
            events.wait()
            if events.stdout:
                events.stdout.close()

    def ask(self, key: str, body: bytes) -> dict[str, Any]:
        """Ask for predictions from inside."""
        asked = ("exec", "--interactive", self.id, "python", "-c", ASK, key)
        return dict(json.loads(run_docker(*asked, given=body)))

    def read_log(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        lines = run_docker("logs", self.id).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def stop(self) -> int:
        """Stop it as ops do, and return its exit code."""
        run_docker("stop", "--time", "30", self.id)
        return int(self.inspect()["State"]["ExitCode"])

    def remove(self) -> None:
        """Leave nothing of it."""
        run_docker("rm", "--force", self.id)
