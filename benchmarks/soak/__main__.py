"""python -m benchmarks.soak: measure every phase, and write the table."""

import argparse
import json
import time
from dataclasses import asdict

from benchmarks.machine import describe_machine
from benchmarks.ours import Ours
from benchmarks.places import BUILD, HERE, prepare_build
from benchmarks.process import exit_on_termination
from benchmarks.soak.findings import Finding
from benchmarks.soak.phases import PHASES
from benchmarks.soak.report import publish, write_section


def main() -> None:
    """Measure, and exit with 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=list(PHASES))
    parser.add_argument(
        "--publish", action="store_true", help="write the section of benchmarks/"
    )
    options = parser.parse_args()
    exit_on_termination()
    prepare_build()
    begin = time.monotonic()
    findings: list[Finding] = []
    for name in options.phases:
        print(f"{name} ...", flush=True)
        findings.extend(PHASES[name](Ours()))
    minutes = f"{(time.monotonic() - begin) / 60:.1f}"
    about = describe_machine() | {"version": Ours().version, "minutes": minutes}
    results = {"about": about, "findings": [asdict(each) for each in findings]}
    (BUILD / "soak.json").write_text(json.dumps(results, indent=1) + "\n")
    section = write_section(findings, about)
    print(section)
    if options.publish:
        publish(section, HERE / "README.md")
    if not all(finding.passes for finding in findings):
        raise SystemExit("FAIL  a bound is not kept")


if __name__ == "__main__":
    main()
