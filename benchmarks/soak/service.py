"""The service, started and ended around a phase."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import START_SECONDS, NotServingError
from benchmarks.ours import Ours
from benchmarks.process import Running, find_free_ports, start
from benchmarks.server import Launch

WORKERS = 2


@dataclass(frozen=True)
class Service:
    """Our service with two workers, and the port that it listens on."""

    ours: Ours
    port: int
    running: Running

    @property
    def workers(self) -> list[int]:
        """The ids of its workers."""
        return [pid for pid in self.running.find() if pid != self.running.root.pid]

    def count_sockets(self) -> int:
        """Return how many sockets its workers have open."""
        names = [name for pid in self.workers for name in _list_files(pid)]
        return sum(name.startswith("socket:") for name in names)

    def wait(self) -> None:
        """Wait until it is ready, and has all its workers."""
        end = time.monotonic() + START_SECONDS
        while not (len(self.workers) == WORKERS and self._is_ready()):
            if time.monotonic() > end or self.running.root.poll() is not None:
                raise NotServingError("The service did not start.")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        address = f"http://127.0.0.1:{self.port}/health/ready"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


def _list_files(pid: int) -> Iterator[str]:
    with suppress(OSError):  # it has ended
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # or has closed it
                yield os.readlink(file)


@contextmanager
def serve(artefact: Path, port: int = 0, **variables: str) -> Iterator[Service]:
    """Start the service as its README says, and end it whatever happens."""
    ours = Ours()
    ours.prepare(artefact)
    port = port or find_free_ports(1)[0]
    launch = Launch(artefact, WORKERS, port, (0, 0))
    environment = {
        **ours.environment(launch),
        "SERVICE_LAME_DUCK_SECONDS": "0",
        **variables,
    }
    with start(ours.command(launch), environment) as running:
        service = Service(ours, port, running)
        service.wait()
        yield service
