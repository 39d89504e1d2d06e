"""python -m benchmarks: measure, and write the report; --help says what it takes."""

import argparse
import json
from typing import Any

from benchmarks.environments import prepare_wrk
from benchmarks.load import CELLS
from benchmarks.machine import describe_machine
from benchmarks.ours import Constant, Ours, Unwatched
from benchmarks.peers import (
    AsyncFastAPI,
    BentoML,
    FastAPI,
    LitServe,
    MLflow,
    MLServer,
    Ray,
    Vetiver,
)
from benchmarks.places import BUILD, HERE, prepare_build
from benchmarks.process import exit_on_termination
from benchmarks.report import write_report
from benchmarks.scenarios import (
    compare_callers,
    compare_custom,
    compare_families,
    compare_memory,
    compare_networks,
    compare_servers,
    compare_shadows,
    compare_starts,
)

PEERS = (FastAPI, AsyncFastAPI, LitServe, BentoML, MLServer, MLflow, Vetiver, Ray)
SERVERS = {server.name: server for server in (Ours, Unwatched, Constant, *PEERS)}
SCENARIOS = (
    *("servers", "custom", "families", "networks", "callers", "shadow"),
    *("memory", "start"),
)


def main() -> None:
    """Measure what was asked for, and write results.json and the report."""
    options = _parse()
    exit_on_termination()
    prepare_wrk()
    prepare_build()
    about = {"rounds": options.rounds, "seconds": options.seconds}
    results: dict[str, Any] = {
        "about": describe_machine() | about | {"version": Ours().version}
    }
    if "servers" in options.scenarios:
        servers = [SERVERS[name]() for name in options.servers]
        results |= compare_servers(
            servers, options.workers, options.rounds, options.seconds
        )
    if "custom" in options.scenarios:
        results["custom"] = compare_custom(options.rounds, options.seconds)
    if "families" in options.scenarios:
        results["families"] = compare_families(options.rounds, options.seconds)
    if "networks" in options.scenarios:
        results["networks"] = compare_networks(options.rounds, options.seconds)
    if "callers" in options.scenarios:
        results["callers"] = compare_callers(options.rounds, options.seconds)
    if "shadow" in options.scenarios:
        results["shadow"] = compare_shadows(options.rounds, options.seconds)
    if "memory" in options.scenarios:
        results["memory"] = compare_memory(options.seconds)
    if "start" in options.scenarios:
        results["start"] = compare_starts()
    (BUILD / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    write_report(results, HERE if options.publish else BUILD)
    _fail_for_errors(results)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of load, for a cell")
    parser.add_argument(
        "--publish", action="store_true", help="write the report to benchmarks/"
    )
    return parser.parse_args()


def _fail_for_errors(results: dict[str, Any]) -> None:
    """Exit with 1 where our own service answered a request with an error."""
    ours = results.get("servers", {}).get("ours", {}).get("workers", {})
    errors = sum(part[cell.key]["errors"] for part in ours.values() for cell in CELLS)
    if errors:
        raise SystemExit(f"FAIL  our service answered {errors:.0f} errors")
    for who, why in results.get("refusals", {}).items():
        print(f"note  {who}: {why}")


if __name__ == "__main__":
    main()
