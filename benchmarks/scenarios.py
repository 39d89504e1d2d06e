"""What is measured: rounds over all servers, and three shorter questions."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.client import NotServingError
from benchmarks.load import CELLS, Cell
from benchmarks.measure import Figures, measure, measure_in_process
from benchmarks.models import package_custom, package_forest
from benchmarks.ours import Ours
from benchmarks.peers import AsyncFastAPI, BentoML, FastAPI, LitServe, Vetiver
from benchmarks.places import CREDIT
from benchmarks.server import Server
from benchmarks.workload import Workload, build_workload

BUSY = Cell(1, 16)
STARTS = 7


def compare_servers(
    servers: Sequence[Server], workers: Sequence[int], rounds: int, seconds: int
) -> dict[str, Any]:
    """Measure every server in every round, so that a slow minute hits them all."""
    credit = build_workload(CREDIT)
    for server in servers:
        server.prepare(CREDIT)
    seen: dict[tuple[str, int], list[dict[str, Figures]]] = {}
    refusals: dict[tuple[str, int], str] = {}
    in_process = []
    for turn in range(rounds):
        in_process.append(measure_in_process(credit, seconds))
        for server in servers:
            for count in workers:
                print(f"round {turn + 1}: {server.name}, {count}", flush=True)
                key = (server.name, count)
                try:
                    figures = measure(server, credit, count, CELLS, seconds)
                except NotServingError as error:
                    # A peer may fail to start; the report says so. Ours may not.
                    if isinstance(server, Ours):
                        raise
                    refusals[key] = str(error)
                else:
                    seen.setdefault(key, []).append(figures)
    return {
        "in_process": take_medians(in_process),
        "refusals": {f"{name} {n}": text for (name, n), text in refusals.items()},
        "servers": {
            server.name: {
                "title": server.title,
                "version": server.version,
                "setting": server.setting,
                "is_limit": server.is_limit,
                "workers": {
                    str(count): take_medians(seen[server.name, count])
                    for count in workers
                    if (server.name, count) in seen
                },
            }
            for server in servers
        },
    }


def compare_custom(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure a pipeline with a transformer of its own beside those that batch."""
    workload = build_workload(package_custom(build_workload(CREDIT)))
    servers = (Ours(), LitServe(), BentoML(), FastAPI())
    for server in servers:
        server.prepare(workload.artefact)
    return _repeat(servers, workload, (1, 2), rounds, seconds)


def compare_memory(seconds: int) -> dict[str, Any]:
    """Weigh one and four workers with a large model, after a load has touched it."""
    workload = build_workload(package_forest())
    ours = Ours()
    ours.prepare(workload.artefact)
    size = (workload.artefact / "pipeline.joblib").stat().st_size / 1e6
    figures = _repeat((ours,), workload, (1, 4), 1, seconds)
    return {"model_mb": size, **figures["ours"]}


def compare_starts() -> dict[str, list[float]]:
    """Return the seconds to the first answer, ours and of the peers that are soonest.

    In turn, with a worker each: a tenth of a second is what one start differs by from
    the next.
    """
    servers = (Ours(), FastAPI(), AsyncFastAPI(), Vetiver())
    credit = build_workload(CREDIT)
    starts: dict[str, list[float]] = {server.title: [] for server in servers}
    for server in servers:
        server.prepare(CREDIT)
    for _ in range(STARTS):
        for server in servers:
            seconds = measure(server, credit, 1)["process"]["start_s"]
            starts[server.title].append(seconds)
    return starts


def _repeat(
    servers: Iterable[Server],
    workload: Workload,
    workers: Sequence[int],
    rounds: int,
    seconds: int,
) -> dict[str, Any]:
    runs: dict[str, dict[int, list[dict[str, Figures]]]] = {}
    for _ in range(rounds):
        for server in servers:
            for count in workers:
                print(f"{workload.artefact.parent.name}: {server.name}, {count}")
                figures = measure(server, workload, count, (BUSY,), seconds)
                runs.setdefault(server.name, {}).setdefault(count, []).append(figures)
    return {
        name: {str(count): take_medians(each) for count, each in counts.items()}
        for name, counts in runs.items()
    }


def take_medians(rounds: Sequence[dict[str, Figures]]) -> dict[str, Figures]:
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
