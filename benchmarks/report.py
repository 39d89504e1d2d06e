"""Writes the report: README.md and throughput.svg."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.charts import Bar, draw_chart
from benchmarks.load import CELLS, Cell
from benchmarks.sections import (
    RATES,
    write_callers,
    write_custom,
    write_families,
    write_memory,
    write_networks,
    write_offline,
    write_shadow,
    write_start,
)
from benchmarks.soak.report import HEADING, cut_section
from benchmarks.tables import compare_figures, format_table

INTRODUCTION = """\
# Benchmarks

Made by `make bench`, in one run on one machine: {cores} cores ({cpu}), {date},
Python {python}. Load (wrk) and server share the cores. Absolute figures are this
machine's; the ratios are the point: **in brackets is a server's figure divided by
ours**. Each figure is the median of {rounds} rounds of {seconds} s a cell, after a
warm-up; every round measures all servers.

Every server has the same file, the credit model of this repository, with the same
scikit-learn, pandas and numpy, and one thread of arithmetic a worker. Before and after
the load, answers to single, concurrent and large requests are compared with
`pipeline.predict_proba` to 1e-9: a wrong answer from any server fails the run. An error
during the load fails the cell. Values are drawn from what training saw, without nulls,
which not every peer takes. Only this service checks a key and the whole contract, keeps
limits, counts metrics and drift, and writes a log line for each request; what the last
three cost is told by the service unwatched.
"""


ALONE = (
    "Made in a run of its own: {cores} cores ({cpu}), {date}, service {version};"
    " rounds: {rounds}{cells}.\n"
)

IN_PROCESS = "limit: predict_proba in process, one caller"
PROCESS = {"pss_mb": "PSS MB", "start_s": "first answer s"}
SECTIONS = {
    "custom": write_custom,
    "families": write_families,
    "networks": write_networks,
    "callers": write_callers,
    "shadow": write_shadow,
    "memory": write_memory,
    "start": write_start,
    "offline": write_offline,
}


def write_report(results: dict[str, Any], folder: Path) -> None:
    """Write the report of a run, and the chart where it compared servers.

    A run that did not compare them puts its sections into the report that is there.
    """
    report = folder / "README.md"
    if "servers" not in results and report.exists():
        text = report.read_text()
        for section in _write_sections(results):
            text = put_section(text, f"{section}\n{_write_alone(results['about'])}")
        report.write_text(text)
        return
    parts = [INTRODUCTION.format(**results["about"])]
    if "servers" in results:
        parts.extend(_write_servers(results))
        (folder / "throughput.svg").write_text(_draw_throughput(results))
    parts += _write_sections(results)
    _, soak = cut_section(report)
    report.write_text("\n".join([*parts, soak] if soak else parts))


def _write_sections(results: dict[str, Any]) -> list[str]:
    return [write(results[name]) for name, write in SECTIONS.items() if name in results]


def _write_alone(about: Mapping[str, Any]) -> str:
    """Say of a run of its own where, when and how long it was."""
    seconds = about.get("seconds")
    cells = "" if seconds is None else f", of {seconds} s a cell"
    return ALONE.format(**about, cells=cells)


def put_section(report: str, section: str) -> str:
    """Return a report with a section in the place of that of the same heading.

    A new one goes before the soak's.
    """
    heading = section.partition("\n")[0]
    before, found, rest = report.partition(f"{heading}\n")
    if not found:
        before, soak, rest = report.partition(HEADING)
        return f"{before}{section}\n{soak}{rest}"
    _, following, rest = rest.partition("\n## ")
    return f"{before}{section}{following}{rest}"


def _write_servers(results: dict[str, Any]) -> Iterator[str]:
    servers = results["servers"]
    yield "![Throughput](throughput.svg)\n"
    rows = [[s["title"], s["version"], s["setting"]] for s in servers.values()]
    yield format_table(["server", "version", "setting"], rows)
    for count in _list_counts(servers):
        for cell in CELLS:
            yield f"## {cell.title}, {_count_workers(count)}\n"
            yield _write_cell(results, cell, count)
        yield f"## Memory and start, {_count_workers(count)}\n"
        figures, ours = _find_figures(results, count, "process")
        yield compare_figures("server", PROCESS, figures.values(), ours)
    for name, why in results["refusals"].items():
        yield f"Not measured: {name} (workers): {why.splitlines()[0]}\n"


def _list_counts(servers: dict[str, Any]) -> list[str]:
    return sorted({count for each in servers.values() for count in each["workers"]})


def _count_workers(count: str) -> str:
    return f"{count} worker{'s' * (count != '1')}"


def _find_figures(results: dict[str, Any], count: str, part: str) -> tuple[Any, Any]:
    """Return the title and the figures of each server, by its name, and our figures."""
    found = {
        name: (each["title"], each["workers"][count][part])
        for name, each in results["servers"].items()
        if count in each["workers"]
    }
    return found, found.get("ours", (None, None))[1]


def _write_cell(results: dict[str, Any], cell: Cell, count: str) -> str:
    figures, ours = _find_figures(results, count, cell.key)
    rows = list(figures.values())
    if cell.connections == 1 or cell.instances > 1:
        rows.append((IN_PROCESS, results["in_process"][str(cell.instances)]))
    return compare_figures("server", RATES, rows, ours)


def _draw_throughput(results: dict[str, Any]) -> str:
    count = _list_counts(results["servers"])[-1]
    panels = [(cell.title, _list_bars(results, cell, count)) for cell in CELLS]
    title = f"Throughput, rows a second, {_count_workers(count)}"
    return draw_chart(title, panels)


def _list_bars(results: dict[str, Any], cell: Cell, count: str) -> list[Bar]:
    figures, _ = _find_figures(results, count, cell.key)
    limits = {n for n, each in results["servers"].items() if each["is_limit"]}
    return [
        Bar(title, seen["rows_s"], "limit" if name in limits else kind)
        for name, (title, seen) in figures.items()
        for kind in ("ours" if name == "ours" else "peer",)
        # A constant is as fast for a thousand rows: it would dwarf every other bar.
        if not seen["errors"] and not (name in limits and cell.instances > 1)
    ]
