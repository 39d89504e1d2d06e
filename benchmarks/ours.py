"""Our service, and the limits of what it can reach."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.environments import OURS
from benchmarks.places import BIN, BUILD, ROOT
from benchmarks.process import Running, build_environment
from benchmarks.server import Launch, Server

START_SECONDS = 90.0
KEYS = BUILD / "api-keys.json"


class Ours(Server):
    """Started as its README says."""

    name = package = OURS
    title = "this service"
    setting = "`gunicorn -c gunicorn.conf.py`"
    command_line = "gunicorn -c gunicorn.conf.py"
    path = "/v1/predict"
    may_fail = False

    def prepare(self, artefact: Path) -> None:
        """Install it, and send a key."""
        super().prepare(artefact)
        self.authorize()

    def authorize(self) -> None:
        """Send the key that the run has made."""
        self.headers = {"Authorization": f"Bearer {_make_key()}"}

    @property
    def version(self) -> str:
        """The commit, and whether anything in the tree differs from it."""
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def environment(self, launch: Launch) -> dict[str, str]:
        """Return the settings: the only place where the benchmarks make them."""
        return {
            "SERVICE_ARTEFACT": str(launch.artefact),
            "SERVICE_API_KEYS_FILE": str(KEYS),
            "PORT": str(launch.port),
            "WEB_CONCURRENCY": str(launch.workers),
            # Counted as always, and out of the reach of wrk.
            "SERVICE_RATE_LIMIT_REQUESTS": "1000000000/minute",
            "SERVICE_RATE_LIMIT_INSTANCES": "1000000000/minute",
        }

    def decode(self, answer: Any) -> list[float]:
        """Return the number that comes first in each prediction."""
        return [_read_first(prediction) for prediction in answer["predictions"]]


class Constant(Ours):
    """No answer to check: it is a limit, not a peer."""

    name = "constant"
    title = "limit: a constant Flask view"
    setting = "the same `gunicorn.conf.py`"
    command_line = f"{Ours.command_line} benchmarks.servers.constant:app"
    path = "/predict"
    is_limit = True


class Unwatched(Ours):
    """Ours without metrics, drift and a line a request: what being watched costs."""

    name = "unwatched"
    title = "limit: this service, unwatched"
    setting = "no metrics, no drift, no log line a request"
    command_line = f"{Ours.command_line} benchmarks.servers.unwatched:app"
    is_limit = True

    def environment(self, launch: Launch) -> dict[str, str]:
        """Log no requests."""
        return {**super().environment(launch), "SERVICE_LOG_LEVEL": "ERROR"}


class Shadowed(Ours):
    """Ours, with a second version that answers a tenth of the requests, too."""

    def __init__(self, name: str, title: str, shadow: Path, fault: str = "") -> None:
        self.name, self.title = name, title
        self._variables = {"SERVICE_SHADOW_ARTEFACT": str(shadow), "BENCH_FAULT": fault}

    def environment(self, launch: Launch) -> dict[str, str]:
        """Sample as much as the service does by itself."""
        return {**super().environment(launch), **self._variables}

    @contextmanager
    def run(self, launch: Launch, **variables: str) -> Iterator[tuple[Running, int]]:
        """Start it, and wait for the shadow, whose start would be measured, too."""
        with super().run(launch, **variables) as (running, port):
            deadline = time.monotonic() + START_SECONDS
            while not self._is_ready(port):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.title} is not ready")
                time.sleep(0.05)
            yield running, port

    def _is_ready(self, port: int) -> bool:
        address = f"http://127.0.0.1:{port}/v1/shadow"
        request = urllib.request.Request(address, headers=dict(self.headers))
        try:
            with urllib.request.urlopen(request) as answer:
                return bool(json.load(answer)["is_ready"])
        except OSError:  # not even the server is
            return False


def _read_first(prediction: dict[str, Any]) -> float:
    if "score" in prediction:
        return float(prediction["score"])
    numbers = prediction.get("probabilities") or prediction["scores"]
    return float(next(iter(numbers.values())))


@cache
def _make_key() -> str:
    """Make one key for the whole run: a second would replace its file."""
    KEYS.parent.mkdir(parents=True, exist_ok=True)
    KEYS.unlink(missing_ok=True)
    scopes = ["--scope", "predict", "--scope", "metrics"]
    create = ["key", "create", "--client", "bench", *scopes]
    return subprocess.run(
        [str(BIN / "python"), "-m", "service", *create, "--file", str(KEYS)],
        cwd=ROOT,
        env=build_environment({}),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
