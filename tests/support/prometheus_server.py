"""A real Prometheus before a server of ours, as deploy/prometheus has it."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from balancer import ReservedPort
from pipelines import ROOT
from server import PATIENCE_SECONDS, Server

DEPLOY = ROOT / "deploy/prometheus"


def find_program(name: str) -> str:
    """Return where a program of Prometheus is; skips where it is not installed."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    return program


def write_configuration(folder: Path, key: str, *targets: str) -> Path:
    """Write what ops are given, with other targets and key, and less patience."""
    (folder / "key").write_text(key)
    shutil.copy(DEPLOY / "rules.yml", folder)
    text = (DEPLOY / "prometheus.yml").read_text()
    for old, new in {
        "/run/secrets/metrics-key": "key",
        "          - service-1:8000\n          - service-2:8000\n": "".join(
            f"          - {target}\n" for target in targets
        ),
        "interval: 15s": "interval: 1s",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "prometheus.yml"
    path.write_text(text)
    return path


class Prometheus:
    """A Prometheus that scrapes servers every second."""

    def __init__(self, folder: Path, key: str, *servers: Server) -> None:
        program = find_program("prometheus")
        self._port = ReservedPort()
        configuration = write_configuration(
            folder, key, *(each.url.removeprefix("http://") for each in servers)
        )
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self._port.number}",
                "--log.level=error",
            ]
        )
        self.url = f"http://127.0.0.1:{self._port.number}"
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS)
        self.wait_for(lambda: self._client.get("/-/ready").is_success)

    def ask(self, path: str, **parameters: str) -> Any:
        """Return what its API answers."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the value of each series of an expression, now."""
        return list(self.ask("query", query=expression)["result"])

    def wait_for(self, read: Callable[[], Any]) -> Any:
        """Ask until there is an answer, and return it: it gives notice of nothing."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                if found := read():
                    return found
            except httpx.TransportError:
                assert self._process.poll() is None, "prometheus did not start"
            time.sleep(0.1)
        raise AssertionError("prometheus has no answer")

    def stop(self) -> None:
        """End it at once."""
        self._client.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)
        self._port.free()
