"""Puts a server under the load of wrk, from this machine."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import prepare_wrk
from benchmarks.places import BUILD, HERE
from benchmarks.server import Server
from benchmarks.workload import Instance, Workload

BODIES_OF_ONE = 256

# By name, such as requests_s and p99_ms.
Figures = dict[str, float]


@dataclass(frozen=True)
class Cell:
    """Instances a request, and connections at once."""

    instances: int
    connections: int

    @property
    def key(self) -> str:
        """The name in results.json."""
        return f"{self.instances}x{self.connections}"

    @property
    def title(self) -> str:
        """The name in the report."""
        instances = f"{self.instances:,} instance{'s' * (self.instances > 1)}"
        connections = f"{self.connections} connection{'s' * (self.connections > 1)}"
        return f"{instances} a request, {connections}"


CELLS = (Cell(1, 1), Cell(1, 16), Cell(1000, 4))


def put_load(
    server: Server, workload: Workload, cell: Cell, port: int, seconds: int
) -> Figures:
    """Return what wrk saw: p50_ms, p99_ms, requests_s, rows_s and errors."""
    headers = {"Content-Type": "application/json", **server.headers}
    output = subprocess.run(
        [
            prepare_wrk(),
            *("--threads", "1", "--connections", str(cell.connections)),
            *("--duration", f"{seconds}s", "--timeout", "10s"),
            *("--script", str(HERE / "post.lua")),
            *[word for item in headers.items() for word in ("-H", ": ".join(item))],
            f"http://127.0.0.1:{port}{server.path}",
            *("--", str(_write_bodies(server, workload, cell))),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    ).stdout
    line = next(line for line in output.splitlines() if line.startswith("JSON "))
    seen: Figures = json.loads(line.removeprefix("JSON "))
    return seen | {"rows_s": seen["requests_s"] * cell.instances}


def part_instances(rows: list[Instance], cell: Cell) -> list[list[Instance]]:
    """Return the instances of different requests; the large ones turn the rows."""
    if cell.instances == 1:
        return [[instance] for instance in rows[:BODIES_OF_ONE]]
    turned = (rows[turn:] + rows[:turn] for turn in range(0, len(rows), 250))
    return [each[: cell.instances] for each in turned]


def _write_bodies(server: Server, workload: Workload, cell: Cell) -> Path:
    """Write different requests in hex, a line each."""
    path = BUILD / "bodies.txt"
    parts = part_instances(workload.instances, cell)
    lines = [server.write(part).hex() for part in parts]
    path.write_text("\n".join(lines) + "\n")
    return path
