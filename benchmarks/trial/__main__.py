"""python -m benchmarks.trial: measure each worker, and write the table; see --help."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from benchmarks.environments import prepare_wrk
from benchmarks.load import CELLS
from benchmarks.machine import describe_machine
from benchmarks.measure import Comparison
from benchmarks.ours import Ours
from benchmarks.places import BUILD, CREDIT, ROOT, prepare_build
from benchmarks.process import exit_on_termination
from benchmarks.soak.phases import PHASES
from benchmarks.trial.contenders import ALONE, PROXIED
from benchmarks.trial.faults import FAULTS, measure_faults
from benchmarks.trial.table import publish, write_trial
from benchmarks.workload import build_workload

RESULTS = BUILD / "trial.json"
PARTS = ("throughput", "faults")
WORKERS = 2
CONTENDERS = {each.name: each for each in (*ALONE, *PROXIED)}


def main() -> None:
    """Measure the parts that were asked for; the table has the last of each."""
    options = _parse()
    exit_on_termination()
    prepare_wrk()
    prepare_build()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    about = describe_machine() | {"version": Ours().version}
    contenders = [CONTENDERS[name] for name in options.contenders]
    if "throughput" in options.parts:
        figures = _compare_throughput(contenders, options.rounds, options.seconds)
        results["throughput"] = {"about": about, **figures}
    if "faults" in options.parts:
        findings = measure_faults(contenders, options.phases)
        results["faults"] = {"about": about, "findings": findings}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    table = write_trial(results)
    print(table)
    if options.publish:
        publish(table, ROOT / "docs" / "worker.md")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trial")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS)
    )
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=FAULTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of load, for a cell")
    parser.add_argument(
        "--publish", action="store_true", help="write the table to docs/worker.md"
    )
    return parser.parse_args()


def _compare_throughput(
    contenders: Sequence[type[Ours]], rounds: int, seconds: int
) -> dict[str, Any]:
    servers = [each() for each in contenders]
    comparison = Comparison(servers, build_workload(CREDIT), (WORKERS,), CELLS)
    for _ in range(rounds):
        comparison.measure_round(seconds)
    return {
        "rounds": rounds,
        "seconds": seconds,
        "refusals": comparison.refusals,
        "medians": {
            name: counts[str(WORKERS)] for name, counts in comparison.medians.items()
        },
    }


if __name__ == "__main__":
    main()
