"""What is measured: rounds over all servers, and three shorter questions."""

from collections.abc import Sequence
from typing import Any

from benchmarks.callers import CALLERS
from benchmarks.in_process import measure_in_process
from benchmarks.load import CELLS, Cell
from benchmarks.measure import Comparison, measure, take_medians
from benchmarks.models import (
    package_custom,
    package_detector,
    package_faulty,
    package_forest,
    package_kernel,
    package_stricter,
    package_texts,
)
from benchmarks.network_peers import KServe, TorchServe, Triton
from benchmarks.networks import OursOfNetwork, package_network
from benchmarks.ours import Ours, Shadowed, Unwatched
from benchmarks.peers import (
    AsyncFastAPI,
    BentoML,
    FastAPI,
    LitServe,
    MLServer,
    Vetiver,
)
from benchmarks.places import CREDIT
from benchmarks.server import Server
from benchmarks.workload import Workload, build_workload

BUSY = Cell(1, 16)
FAMILY_CELLS = (Cell(1, 1), BUSY)
SHADOW_CELLS = (BUSY, Cell(1000, 4))
SHADOW_WORKERS = 2
CALLER_CELLS = (BUSY, Cell(1000, 4))
NETWORK_CELLS = (BUSY, Cell(256, 4))
STARTS = 7


def compare_servers(
    servers: Sequence[Server], workers: Sequence[int], rounds: int, seconds: int
) -> dict[str, Any]:
    """Measure every server, and the pipeline in process, in every round."""
    credit = build_workload(CREDIT)
    comparison = Comparison(servers, credit, workers, CELLS)
    in_process = []
    for _ in range(rounds):
        in_process.append(measure_in_process(credit, seconds))
        comparison.measure_round(seconds)
    figures = comparison.medians
    return {
        "in_process": take_medians(in_process),
        "refusals": comparison.refusals,
        "servers": {
            server.name: {
                "title": server.title,
                "version": server.version,
                "setting": server.setting,
                "is_limit": server.is_limit,
                "workers": figures.get(server.name, {}),
            }
            for server in servers
        },
    }


def compare_custom(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure a pipeline with a custom transformer beside the peers that batch."""
    workload = build_workload(package_custom(build_workload(CREDIT)))
    servers = (Ours(), LitServe(), BentoML(), FastAPI())
    comparison = Comparison(servers, workload, (1, 2), (BUSY,))
    for _ in range(rounds):
        comparison.measure_round(seconds)
    return comparison.medians


def compare_families(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure models of other families beside the peers that answer most of them."""
    credit = build_workload(CREDIT)
    workloads = {
        "TF-IDF and logistic regression on paragraphs": package_texts(),
        "isolation forest on 9 numbers": package_detector(credit),
        "support vector machine on 9 numbers": package_kernel(credit),
    }
    return {
        title: _compare_family(build_workload(artefact), rounds, seconds)
        for title, artefact in workloads.items()
    }


def _compare_family(workload: Workload, rounds: int, seconds: int) -> dict[str, Any]:
    servers = (Ours(), LitServe(), BentoML(), AsyncFastAPI())
    comparison = Comparison(servers, workload, (1,), FAMILY_CELLS)
    in_process = []
    for _ in range(rounds):
        in_process.append(measure_in_process(workload, seconds, FAMILY_CELLS))
        comparison.measure_round(seconds)
    titles = {server.name: server.title for server in servers}
    return {
        "in_process": take_medians(in_process)["1"],
        "servers": {
            titles[name]: each["1"] for name, each in comparison.medians.items()
        },
    }


def compare_callers(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure the service asked in each form, and the peer that takes columns."""
    servers = (Ours(), Unwatched(), *CALLERS, MLServer())
    credit = build_workload(CREDIT)
    comparison = Comparison(servers, credit, (1, 2), CALLER_CELLS)
    for _ in range(rounds):
        comparison.measure_round(seconds)
    titles = {server.name: server.title for server in servers}
    return {titles[name]: each for name, each in comparison.medians.items()}


def compare_networks(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure a network behind a preprocessing pipeline beside the peers."""
    workload = package_network(build_workload(CREDIT))
    servers = (
        *(OursOfNetwork(), LitServe(), BentoML(), MLServer(), Triton(), TorchServe()),
        *(AsyncFastAPI(), KServe()),
    )
    comparison = Comparison(servers, workload, (1, 2), NETWORK_CELLS)
    in_process = []
    for _ in range(rounds):
        in_process.append(measure_in_process(workload, seconds, NETWORK_CELLS))
        comparison.measure_round(seconds)
    titles = {server.name: server.title for server in servers}
    return {
        "in_process": take_medians(in_process),
        "servers": {titles[name]: each for name, each in comparison.medians.items()},
    }


def compare_shadows(rounds: int, seconds: int) -> dict[str, Any]:
    """Measure the service without a shadow, with a good one, and with faulty ones."""
    credit = build_workload(CREDIT)
    faulty = package_faulty(credit)
    servers = (
        Ours(),
        Shadowed("same", "a shadow of the same version", CREDIT),
        Shadowed("sleep", "one that sleeps", faulty, "sleep"),
        Shadowed("raise", "one that raises", faulty, "raise"),
        Shadowed("eat", "one that eats memory", faulty, "eat"),
        Shadowed("strict", "one with a field more", package_stricter(credit)),
    )
    comparison = Comparison(servers, credit, (SHADOW_WORKERS,), SHADOW_CELLS)
    for _ in range(rounds):
        comparison.measure_round(seconds)
    titles = {server.name: server.title for server in servers}
    return {
        titles[name]: each[str(SHADOW_WORKERS)]
        for name, each in comparison.medians.items()
    }


def compare_memory(seconds: int) -> dict[str, Any]:
    """Weigh one and four workers with a large model, after a load has touched it."""
    workload = build_workload(package_forest())
    size = (workload.artefact / "pipeline.joblib").stat().st_size / 1e6
    comparison = Comparison((Ours(),), workload, (1, 4), (BUSY,))
    comparison.measure_round(seconds)
    return {"model_mb": size, **comparison.medians[Ours.name]}


def compare_starts() -> dict[str, list[float]]:
    """Return the seconds to the first answer, of ours and the fastest peers to start.

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
