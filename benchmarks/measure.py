"""Measures servers beside one another, in rounds."""

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.client import Client, NotServingError
from benchmarks.load import Cell, Figures, put_load
from benchmarks.process import find_free_ports
from benchmarks.server import Launch, Server
from benchmarks.workload import Workload

# By a cell's key, or "process" for the start and the memory of a server.
Parts = dict[str, Figures]


def measure(
    server: Server,
    workload: Workload,
    workers: int,
    cells: Iterable[Cell] = (),
    seconds: int = 1,
) -> Parts:
    """Start a server, check it, load it, check it again, weigh it and end it.

    Returns what wrk saw by the cell's key, with cpu_ms, the milliseconds of a processor
    that the server took for a request; and start_s and pss_mb under "process".
    Raises WrongAnswerError, or NotServingError where it does not start.
    """
    port, *spare = find_free_ports(3)
    launch = Launch(workload.artefact, workers, port, (spare[0], spare[1]))
    seen: Parts = {}
    with server.run(launch) as (running, port):
        client = Client(server, workload, port)
        start_s = client.wait(running)
        client.verify()
        for cell in cells:
            put_load(server, workload, cell, port, max(1, seconds // 4))  # warms it up
            before = running.measure_work()
            figures = put_load(server, workload, cell, port, seconds)
            work = running.measure_work() - before
            figures["cpu_ms"] = 1e3 * work / max(1, figures["requests_s"] * seconds)
            seen[cell.key] = figures
        if seen:
            client.verify()
        seen["process"] = {"start_s": start_s, "pss_mb": running.measure_pss()}
    return seen


class Comparison:
    """Measures each server in every round: a slow minute of the machine hits them all.

    `refusals` says why a server that may fail did not serve, if it did not.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        workload: Workload,
        workers: Sequence[int],
        cells: Sequence[Cell],
    ) -> None:
        self._servers = servers
        self._workload = workload
        self._workers = workers
        self._cells = cells
        self._seen: dict[str, dict[str, list[Parts]]] = {}
        self.refusals: dict[str, str] = {}
        for server in servers:
            server.prepare(workload.artefact)

    def measure_round(self, seconds: int) -> None:
        """Measure each server once, with each number of workers."""
        for server in self._servers:
            for count in self._workers:
                name = f"{server.name} {count}"
                print(f"{self._workload.artefact.parent.name}: {name}", flush=True)
                try:
                    parts = measure(server, self._workload, count, self._cells, seconds)
                except NotServingError as error:
                    if not server.may_fail:
                        raise
                    self.refusals[name] = str(error)
                else:
                    counts = self._seen.setdefault(server.name, {})
                    counts.setdefault(str(count), []).append(parts)

    @property
    def medians(self) -> dict[str, dict[str, Parts]]:
        """The medians of the rounds, by server and by workers."""
        return {
            name: {count: take_medians(rounds) for count, rounds in counts.items()}
            for name, counts in self._seen.items()
        }


def take_medians(rounds: Sequence[Parts]) -> Parts:
    """Return the median of each figure, but the worst number of errors."""
    return {
        part: {
            figure: (max if figure == "errors" else statistics.median)(
                [each[part][figure] for each in rounds]
            )
            for figure in figures
        }
        for part, figures in rounds[0].items()
    }
