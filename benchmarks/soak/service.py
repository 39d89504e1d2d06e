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
from benchmarks.process import Running, find_free_ports
from benchmarks.server import Launch

WORKERS = 2


@dataclass(frozen=True)
class Service:
    """The service with two workers.

    Callers connect to `port`, which may be that of a proxy before its `own_port`.
    """

    server: Ours
    running: Running
    port: int
    own_port: int

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
def serve(
    server: Ours, artefact: Path, port: int = 0, **variables: str
) -> Iterator[Service]:
    """Start a server of the application, and end it whatever happens."""
    server.prepare(artefact)
    launch = Launch(artefact, WORKERS, port or find_free_ports(1)[0])
    variables = {"SERVICE_LAME_DUCK_SECONDS": "0", **variables}
    with server.run(launch, **variables) as (running, public_port):
        service = Service(server, running, public_port, launch.port)
        service.wait()
        yield service
