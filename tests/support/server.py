"""A real gunicorn with the project's own configuration, on a free port."""

import json
import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from pipelines import ROOT

from service.web.access.count_table import find_table
from service.web.access.key_file import create_key

# Far above what a start takes on a busy machine: waiting this long is a failure.
PATIENCE_SECONDS = 60

# For clients, none of which speaks TLS: otherwise each would read every certificate of
# the machine, which takes it 58 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

# For tests that send much, and take a limit or a deadline for a fault.
UNLIMITED = {
    "SERVICE_RATE_LIMIT_REQUESTS": "1000000000/minute",
    "SERVICE_RATE_LIMIT_INSTANCES": "1000000000/minute",
    "SERVICE_RATE_LIMIT_FAILURES": "1000000000/minute",
    "SERVICE_PREDICT_TIMEOUT_SECONDS": "60",
}


class Server:
    """A server process with its log, its key and a client."""

    def __init__(
        self,
        artefact: Path,
        folder: Path,
        variables: Mapping[str, str],
        within: Sequence[str] = (),
    ) -> None:
        folder.mkdir()
        self.keys_file = folder / "keys.json"
        self.key = create_key(self.keys_file, "tests", ("predict", "metrics"))
        self.workers = int(variables.get("WEB_CONCURRENCY", 2))
        self.process = subprocess.Popen(
            [*within, sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"],
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"},
                "SERVICE_ARTEFACT": str(artefact),
                "SERVICE_API_KEYS_FILE": str(self.keys_file),
                "PORT": "0",
                "WEB_CONCURRENCY": "2",
                "SERVICE_LAME_DUCK_SECONDS": "0",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = ""
        self._is_asked = False

    def wait_until_ready(self) -> None:
        """Wait until each worker has said that it is ready."""
        self.wait_for_each_worker("ready")
        listening = next(e for e in self.events if "Listening at" in e["event"])
        self.url = listening["event"].split()[2]
        self.client = self.connect()

    def connect(self, key: str = "") -> httpx.Client:
        """Return a client with connections of its own."""
        return httpx.Client(
            base_url=self.url,
            headers={"X-API-Key": key or self.key},
            timeout=PATIENCE_SECONDS,
            verify=NO_TLS,
        )

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the next log line of an event."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (
            line := self._news.get(timeout=max(0, end - time.monotonic()))
        ) is not None:
            if line.startswith("{") and (found := json.loads(line))["event"] == event:
                return dict(found)
        raise AssertionError(f"{event!r} is not in the log:\n" + "".join(self.lines))

    def skip_lines(self) -> None:
        """Pass over the lines of all that was done: wait_for finds what is done next.

        For tests that share a server.
        """
        request_id = f"skip-{uuid.uuid4()}"
        self.client.get("/v1/model", headers={"X-Request-ID": request_id})
        while self.wait_for("request")["request_id"] != request_id:
            pass

    def wait_for_each_worker(self, event: str) -> None:
        """Wait until each worker has said so, once each."""
        for _ in range(self.workers):
            self.wait_for(event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log lines so far."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def pids(self) -> list[int]:
        """The workers that were booted so far, the newest last."""
        events = [e["event"] for e in self.events]
        return [int(e.rsplit(" ", 1)[1]) for e in events if "Booting worker" in e]

    def predict(self, instances: list[dict[str, Any]]) -> httpx.Response:
        """Ask for predictions."""
        return self.client.post("/v1/predict", json={"instances": instances})

    def wait_for_exit(self) -> int:
        """Return the exit code, once the process has ended by itself."""
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def ask_to_stop(self) -> None:
        """Ask the server to stop, as ops would, and do not wait for it."""
        if self.url:
            self.client.close()  # gunicorn lingers on connections that are kept alive
        if self.process.poll() is None and not self._is_asked:
            self.process.send_signal(signal.SIGTERM)
        self._is_asked = True

    def stop(self) -> int:
        """Stop the server as ops would, and return its exit code."""
        self.ask_to_stop()
        code = self.wait_for_exit()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        find_table(self.keys_file).unlink(missing_ok=True)
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line)
            self._news.put(line)
        self._news.put(None)


def stop_all(servers: Collection[Server]) -> None:
    """Stop servers together: each takes the better part of a second."""
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        server.stop()
