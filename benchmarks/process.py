"""Processes: started with a mark, weighed by it, and ended by their ids."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from benchmarks.places import BUILD, ROOT

MARK = "BENCH_RUN"
GRACE_SECONDS = 5.0
INHERITED = ("PATH", "LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def build_environment(variables: dict[str, str]) -> dict[str, str]:
    """Return an environment that nothing but the machine and `variables` shapes."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # What a server keeps under $HOME is kept in the build, and is gone with it.
    home = BUILD / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), **variables}


def find_free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Running:
    """A server's processes: whatever inherited the mark of its start."""

    def __init__(self, root: subprocess.Popen[bytes], mark: str) -> None:
        """Take what was started."""
        self.root = root
        self.started = time.perf_counter()
        self._mark = f"{MARK}={mark}".encode()

    def find(self) -> list[int]:
        """Return the ids of its live processes, adopted ones among them."""
        return [pid for pid in _list_processes() if self._carries_mark(pid)]

    def _carries_mark(self, pid: int) -> bool:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return self._mark in variables

    def measure_pss(self) -> float:
        """Return the memory of all its processes in MB, each shared page once."""
        return sum(_read_pss(pid) for pid in self.find()) / 1e3

    def stop(self) -> None:
        """End the server as its operator would, then whatever is left of it."""
        if self.root.poll() is None:
            self.root.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and (self.root.poll() is None or self.find()):
            time.sleep(0.05)
        for pid in self.find():
            _kill(pid)
        self.root.wait()


@contextmanager
def start(command: Sequence[str], variables: dict[str, str]) -> Iterator[Running]:
    """Start a server from the root of the project, and end it whatever happens."""
    mark = uuid.uuid4().hex
    environment = build_environment(variables) | {MARK: mark}
    with (BUILD / "server.log").open("ab") as log:
        log.write(f"--- {' '.join(command)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = Running(process, mark)
    try:
        yield running
    finally:
        running.stop()


def exit_on_termination() -> None:
    """Let a SIGTERM unwind the stack, so that what runs is ended."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def _list_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read_pss(pid: int) -> int:
    """Return the proportional set size in kB, 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
