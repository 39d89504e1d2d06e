"""The section of benchmarks/README.md, which `make bench` leaves as it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.soak.findings import Finding
from benchmarks.tables import format_table

HEADING = "## Under faults and too much work"

INTRODUCTION = """\
Made by `make soak`, in one run of {minutes} minutes on one machine: {cores} cores
({cpu}), {date}, Python {python}, service {version}. Two workers, the load and whatever
else takes part share the cores, so ratios compare figures of the same run. A request is
right if its answer is the pipeline's.
"""


def write_section(findings: Sequence[Finding], about: dict[str, Any]) -> str:
    """Return the section, heading included."""
    table = format_table(
        ["phase", "what is measured", "figure", "bound", ""],
        [finding.cells for finding in findings],
    )
    return "\n".join([f"{HEADING}\n", INTRODUCTION.format(**about), table])


def publish(section: str, report: Path) -> None:
    """Put the section into a report, in the place of an older one."""
    report.write_text(f"{cut_section(report)[0]}\n{section}")


def cut_section(report: Path) -> tuple[str, str]:
    """Return a report without the section, and the section; either may be empty."""
    text = report.read_text() if report.exists() else ""
    before, heading, section = text.partition(HEADING)
    return before.rstrip("\n") + "\n", heading + section
