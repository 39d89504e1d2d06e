"""Processes: started with a mark, weighed by it, and ended by their ids."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from benchmarks.places import BUILD, LOG, ROOT

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
        return measure_pss(self.find())

    def measure_work(self) -> float:
        """Return the seconds of a processor that its processes have used."""
        return measure_work(self.find())

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
    with LOG.open("ab") as log:
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


def measure_pss(processes: Iterable[int]) -> float:
    """Return the memory of some processes in MB, of a shared page their share."""
    return sum(map(_read_pss, processes)) / 1e3


def measure_work(processes: Iterable[int]) -> float:
    """Return the seconds of a processor that some processes have used."""
    return sum(map(_read_ticks, processes)) / os.sysconf("SC_CLK_TCK")


def read_tcp_memory() -> float:
    """Return the kernel's memory for all connections of the machine, in MB.

    https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html
    """
    [line] = [
        line
        for line in Path("/proc/net/sockstat").read_text().splitlines()
        if line.startswith("TCP:")
    ]
    return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _list_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read_pss(pid: int) -> int:
    """Return the proportional set size in kB, 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _read_ticks(pid: int) -> int:
    """Return the clock ticks that a process has used, 0 for one that has ended.

    https://www.kernel.org/doc/html/latest/filesystems/proc.html#process-specific-subdirectories
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = text.rpartition(")")[2].split()  # a name may have blanks
    return int(fields[11]) + int(fields[12])


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
