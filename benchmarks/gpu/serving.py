"""Over HTTP: right answers a second, and how long a lost device is away."""

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.client import START_SECONDS, NotServingError, fetch
from benchmarks.ours import Ours
from benchmarks.places import LOG
from benchmarks.process import Running, find_free_ports
from benchmarks.server import Launch
from benchmarks.soak.loops import run_closed_loop
from benchmarks.soak.samples import keep_sample, write_request

SECONDS = 3.0

# Rows of a request, and callers that ask at a time.
LOADS = ((1, 16), (1, 64), (256, 4), (256, 16))


class OursHere(Ours):
    """Ours by the interpreter that runs this: nothing is installed."""

    def command(self, launch: Launch) -> list[str]:
        """Return the command that starts it, wherever gunicorn is installed."""
        return [sys.executable, "-m", *shlex.split(self.command_line)]

    def environment(self, launch: Launch) -> dict[str, str]:
        """Return the settings, and where this interpreter finds its packages."""
        paths = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        return super().environment(launch) | paths

    def prepare(self, artefact: Path) -> None:
        """Send a key."""
        self.authorize()


@dataclass(frozen=True)
class Service:
    """A server that runs, and rows to ask it."""

    server: Ours
    running: Running
    port: int
    frame: pd.DataFrame

    def ask(self, rows: int) -> bytes:
        """Return an answer. Raises NotServingError."""
        instances = self.frame[:rows].to_dict("records")
        return fetch(self.server, instances, self.port)

    def measure(self, rows: int, callers: int) -> float:
        """Return the right answers a second: all are equal to the first, to a bit."""
        request = write_request(self.server, self.frame[:rows].to_dict("records"))
        sample = keep_sample(request, self.ask(rows))
        return run_closed_loop(self.port, [sample], callers, SECONDS).right_rate

    def lose_device(self) -> float:
        """Kill the process with the device; return the seconds to the next answer."""
        events = [json.loads(e) for e in LOG.read_text().splitlines() if e[:1] == "{"]
        started = [e["pid"] for e in events if e["event"] == "device_started"]
        begin = time.monotonic()
        os.kill(started[-1], signal.SIGKILL)
        time.sleep(0.3)  # until each worker has seen it
        self.wait()
        return time.monotonic() - begin

    def wait(self) -> None:
        """Wait for an answer. Raises NotServingError."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask(1)
            except NotServingError:
                if time.monotonic() > end or self.running.root.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return


@contextmanager
def serve(artefact: Path, frame: pd.DataFrame, device: str) -> Iterator[Service]:
    """Start a server with a worker for each processor, and end it."""
    server, [port] = OursHere(), find_free_ports(1)
    server.prepare(artefact)
    launch = Launch(artefact, max(2, os.cpu_count() or 1), port)
    variables = {"SERVICE_LAME_DUCK_SECONDS": "0", "SERVICE_DEVICE": device}
    with server.run(launch, **variables) as (running, port):
        service = Service(server, running, port, frame)
        service.wait()
        yield service
