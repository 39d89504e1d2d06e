"""The tables of docs/worker.md on the trial, and the verdict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.load import CELLS, Figures
from benchmarks.soak.findings import Finding
from benchmarks.tables import format_figure, format_ratio, format_table
from benchmarks.trial.contenders import ProxiedGevent, ProxiedGthread, ProxiedOurs

BEGIN, END = "<!-- begin: make trial -->", "<!-- end: make trial -->"
OURS = "ours"
FIGURES = {
    "requests_s": "requests/s",
    "p99_ms": "p99 ms",
    "cpu_ms": "ms of a processor a request",
}

# A stock worker that serves less than this of ours does not replace it.
LEAST_SHARE = 0.85

THROUGHPUT = """\
Service {version}, {cores} cores ({cpu}), {date}, Python {python}; two workers, and the
load and nginx share the cores. Each figure is the median of {rounds} rounds of
{seconds} s a cell; every round measures all. In brackets is a figure divided by ours
alone.
"""
FAULTS = """\
The phases of `make soak`, service {version}, {date}. **Bold** is a bound that is not
kept; each ratio compares figures of the same server.
"""


def publish(text: str, page: Path) -> None:
    """Put the tables between their markers in a page."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def write_trial(results: dict[str, Any]) -> str:
    """Return the tables of what was measured, and the verdict once all was."""
    parts: list[str] = []
    if "throughput" in results:
        parts.extend(_write_throughput(results["throughput"]))
    if "faults" in results:
        parts.extend(_write_faults(results["faults"]))
        if "throughput" in results:
            parts.append(write_verdict(results))
    return "\n".join(parts)


def _write_throughput(throughput: dict[str, Any]) -> Iterator[str]:
    medians = throughput["medians"]
    yield THROUGHPUT.format(**throughput["about"], **throughput)
    rows = []
    for cell in CELLS:
        ours = medians.get(OURS, {}).get(cell.key)
        for key, unit in FIGURES.items():
            cells = [_format(each[cell.key], ours, key) for each in medians.values()]
            rows.append([f"{cell.title}: {unit}", *cells])
    yield format_table(["", *medians], rows)
    for name, why in throughput["refusals"].items():
        yield f"Not measured in some round: {name} (workers): {why}\n"


def _format(figures: Figures, ours: Figures | None, key: str) -> str:
    errors = figures["errors"]
    failed = f", **{errors:.0f} errors**" if errors else ""
    return format_ratio(figures, ours, key) + failed


def _write_faults(faults: dict[str, Any]) -> Iterator[str]:
    yield FAULTS.format(**faults["about"])
    findings = faults["findings"]
    rows: dict[tuple[str, str], list[str]] = {}
    for place, phases in enumerate(findings.values()):
        for finding in _list_findings(phases):
            row = rows.setdefault(
                (finding.phase, finding.measure),
                [finding.phase, finding.measure, finding.bound, *["-"] * len(findings)],
            )
            row[3 + place] = finding.text if finding.passes else f"**{finding.text}**"
    yield format_table(["phase", "what is measured", "bound", *findings], rows.values())
    for name, phases in findings.items():
        for phase, error in phases.items():
            if isinstance(error, str):
                yield f"{name} did not come to the end of the phase {phase}: {error}\n"


def _list_findings(phases: dict[str, Any]) -> list[Finding]:
    return [
        Finding(**each)
        for findings in phases.values()
        if not isinstance(findings, str)
        for each in findings
    ]


def write_verdict(results: dict[str, Any]) -> str:
    """Say what each stock worker keeps and serves behind nginx, and what follows.

    One that keeps all bounds and serves nearly as much as ours replaces ours.
    """
    lines, verdict = [], "Our worker stays."
    medians, findings = results["throughput"]["medians"], results["faults"]["findings"]
    for contender in (ProxiedGthread, ProxiedGevent):
        if not {contender.name, ProxiedOurs.name} <= findings.keys() & medians.keys():
            return "Without both behind nginx, and ours, there is no verdict.\n"
        share = find_share(medians, contender.name)
        missed = count_missed(findings[contender.name])
        if share >= LEAST_SHARE and not missed:
            verdict = f"{contender.title} replaces our worker."
        lines.append(
            f"{contender.title} misses {missed} bounds, and serves at least"
            f" {format_figure(share)} of the requests a second of ours behind nginx."
        )
    rule = (
        f"A stock worker that missed none and served {LEAST_SHARE} would replace ours."
    )
    return " ".join([*lines, rule, f"**{verdict}**\n"])


def find_share(medians: dict[str, dict[str, Figures]], name: str) -> float:
    """Return the least share of our requests a second; 0 where any was lost."""
    if any(medians[name][cell.key]["errors"] for cell in CELLS):
        return 0.0
    ours = medians[ProxiedOurs.name]
    return min(
        medians[name][cell.key]["requests_s"] / ours[cell.key]["requests_s"]
        for cell in CELLS
    )


def count_missed(phases: dict[str, Any]) -> int:
    """Return how many bounds are missed; a phase that had no end misses one."""
    unended = sum(isinstance(each, str) for each in phases.values())
    return unended + sum(not each.passes for each in _list_findings(phases))
