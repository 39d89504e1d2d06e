"""Docker as ops use it: an engine, images of ours, and containers run hardened."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from pipelines import CREDIT, ROOT

from service.web.access.key_file import create_key

HARDENED = (
    *("--read-only", "--tmpfs", "/tmp", "--network", "none"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m", "--pids-limit", "200"),
)
PATIENCE_SECONDS = 120

# Asks the service from inside: a container without a network has no other way.
ASK = """
import sys, urllib.error, urllib.request as u
path, key, body = sys.argv[1], sys.argv[2], sys.stdin.buffer.read() or None
headers = {"X-API-Key": key, "Content-Type": "application/json"}
try:
    answer = u.urlopen(u.Request("http://127.0.0.1:8000" + path, body, headers))
except urllib.error.HTTPError as refusal:
    answer = refusal
except OSError as lost:
    sys.exit(print(0, lost))
print(answer.status, answer.read().decode(), end="")
"""


def require_engine() -> None:
    """Skip where no engine answers."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(
        ["docker", "version"], capture_output=True, check=False
    ).returncode:
        pytest.skip("no Docker engine answers")


def run_program(
    *command: str, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> str:
    """Run a program that must succeed, and return what it prints."""
    done = subprocess.run(
        command, input=given, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def run_docker(*arguments: str, given: bytes = b"") -> str:
    """Run a command of docker, and return what it prints."""
    return run_program("docker", *arguments, given=given)


def try_to_build(
    artefact: Path, tag: str, *options: str, source: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Build an image as its users do, from a checkout."""
    command = [sys.executable, "-m", "service", "image", str(artefact), "--tag", tag]
    options = ("--network=host", *options)
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


def train_credit(base: str, to: Path) -> Path:
    """Train the credit model on another Python, with the packages of its image."""
    tag = "model-service-test:packages"
    target = ("--quiet", "--target", "packages", "--build-arg", f"PYTHON_IMAGE={base}")
    run_docker("build", "--network=host", *target, "--tag", tag, str(ROOT))
    run_docker(
        *("run", "--rm", "--network", "none", "--user", f"{os.getuid()}:{os.getgid()}"),
        *("--volume", f"{ROOT}:/source:ro", "--volume", f"{to}:/artefacts"),
        *("--env", "PYTHONPATH=/source", "--env", "PYTHONDONTWRITEBYTECODE=1", tag),
        *("/venv/bin/python", "/source/artefacts/credit-risk/train.py", "/artefacts"),
    )
    run_docker("rmi", tag)
    return to / CREDIT.relative_to(ROOT / "artefacts")


@contextlib.contextmanager
def follow(*arguments: str) -> Iterator[Iterator[str]]:
    """Run a command of docker that goes on, and return the lines that it prints."""
    running = subprocess.Popen(["docker", *arguments], stdout=PIPE, text=True)
    assert running.stdout
    with running:
        yield (line.strip() for line in running.stdout)
        running.terminate()


@dataclass(frozen=True)
class Answer:
    """What the service answered; the status is 0 where it did not."""

    status: int
    text: str

    def json(self) -> Any:
        """Return what the text says."""
        return json.loads(self.text)


class Container:
    """A container of the service, and a key to it."""

    def __init__(self, arguments: Sequence[str], key: str) -> None:
        self.id = run_docker(*arguments).strip()
        self.key = key

    @property
    def state(self) -> dict[str, Any]:
        """What the engine says of it."""
        [found] = json.loads(run_docker("inspect", self.id))
        return dict(found["State"])

    def wait_until_healthy(self) -> None:
        """Wait until its own check says so."""
        of_it = ("--filter", f"container={self.id}", "--format", "{{.Action}}")
        with follow("events", "--since", "0", *of_it) as actions:
            for action in actions:
                if action == "health_status: healthy":
                    return
                assert action != "die", self.read_log()

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the first line of its log that is of an event."""
        with follow("logs", "--follow", self.id) as lines:
            for line in lines:
                if line.startswith("{") and json.loads(line)["event"] == event:
                    return dict(json.loads(line))
        raise AssertionError(f"{event!r} is not in the log: {self.read_log()}")

    def ask(self, path: str, body: object = None) -> Answer:
        """Send a request from inside, a POST where there is a body."""
        asked = ("exec", "--interactive", self.id, "python", "-c", ASK, path, self.key)
        given = b"" if body is None else json.dumps(body).encode()
        status, _, text = run_docker(*asked, given=given).partition(" ")
        return Answer(int(status), text)

    def read_log(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        lines = run_docker("logs", self.id).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def read_errors(self) -> list[dict[str, Any]]:
        """Return those that ops are alarmed by."""
        grave = ("ERROR", "CRITICAL")
        return [line for line in self.read_log() if line["level"] in grave]

    def stop(self) -> int:
        """Stop it as ops do, and return its exit code."""
        run_docker("stop", "--time", "30", self.id)
        return int(self.state["ExitCode"])

    def remove(self) -> None:
        """Leave nothing of it."""
        run_docker("rm", "--force", self.id)


def run_hardened(image: str, folder: Path, *options: str) -> Container:
    """Run an image as deploy/ does, with a key of its own."""
    keys_file = folder / "api-keys.json"
    key = create_key(keys_file, "tests", ("predict", "metrics"))
    keys_file.chmod(0o444)  # the container's user is another
    mount = ("--volume", f"{keys_file}:/keys/api-keys.json:ro")
    return Container(("run", "--detach", *HARDENED, *mount, *options, image), key)
