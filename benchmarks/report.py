"""Writes the report: README.md, throughput.svg and latency.svg."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.charts import Bar, Panel, draw_chart
from benchmarks.load import CELLS, Cell
from benchmarks.sections import write_custom, write_memory, write_start
from benchmarks.soak.report import cut_section
from benchmarks.tables import format_row, format_table

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


def write_report(results: dict[str, Any], folder: Path) -> None:
    """Write what the run has to say, and the charts where it compared servers."""
    parts = [INTRODUCTION.format(**results["about"])]
    if "servers" in results:
        parts.extend(_write_servers(results))
        for file, drawing in _draw_charts(results):
            (folder / file).write_text(drawing)
    if "custom" in results:
        parts.append(write_custom(results["custom"]))
    if "memory" in results:
        parts.append(write_memory(results["memory"]))
    if "start" in results:
        parts.append(write_start(results["start"]))
    report = folder / "README.md"
    _, soak = cut_section(report)
    report.write_text("\n".join([*parts, soak] if soak else parts))


def _write_servers(results: dict[str, Any]) -> Iterator[str]:
    servers = results["servers"]
    yield "![Throughput](throughput.svg)\n\n![Latency](latency.svg)\n"
    rows = [[s["title"], s["version"], s["setting"]] for s in servers.values()]
    yield format_table(["server", "version", "setting"], rows)
    for count in _list_counts(servers):
        for cell in CELLS:
            yield f"## {cell.title}, {count} worker{'s' * (count != '1')}\n"
            yield _write_cell(results, cell, count)
        yield f"## Memory and start, {count} worker{'s' * (count != '1')}\n"
        yield _write_process(servers, count)
    for who, why in results["refusals"].items():
        yield f"Not measured: {who} (workers): {why.splitlines()[0]}\n"


def _list_counts(servers: dict[str, Any]) -> list[str]:
    return sorted({count for each in servers.values() for count in each["workers"]})


def _write_cell(results: dict[str, Any], cell: Cell, count: str) -> str:
    figures = ["requests_s", "rows_s", "p50_ms", "p99_ms"]
    servers = results["servers"]
    ours = servers.get("ours", {}).get("workers", {}).get(count, {}).get(cell.key)
    rows = [
        format_row(each["title"], each["workers"][count][cell.key], ours, figures)
        for each in servers.values()
        if count in each["workers"]
    ]
    if cell.connections == 1 or cell.instances > 1:
        in_process = results["in_process"][str(cell.instances)]
        title = "limit: predict_proba in process, one caller"
        rows.append(format_row(title, in_process, ours, figures))
    return format_table(["server", "requests/s", "rows/s", "p50 ms", "p99 ms"], rows)


def _write_process(servers: dict[str, Any], count: str) -> str:
    ours = servers.get("ours", {}).get("workers", {}).get(count, {}).get("process")
    figures = ["pss_mb", "start_s"]
    rows = [
        format_row(each["title"], each["workers"][count]["process"], ours, figures)
        for each in servers.values()
        if count in each["workers"]
    ]
    return format_table(["server", "PSS MB", "first answer s"], rows)


def _draw_charts(results: dict[str, Any]) -> Iterator[tuple[str, str]]:
    count = _list_counts(results["servers"])[-1]
    workers = f"{count} worker{'s' * (count != '1')}"
    panels = [_build_panel(results, cell, count, "rows_s") for cell in CELLS]
    yield (
        "throughput.svg",
        draw_chart(f"Throughput, {workers}", "rows a second", panels),
    )
    panels = [
        _build_panel(results, cell, count, figure)
        for cell in CELLS[:2]
        for figure in ("p50_ms", "p99_ms")
    ]
    yield "latency.svg", draw_chart(f"Latency, {workers}", "ms, less is better", panels)


def _build_panel(results: dict[str, Any], cell: Cell, count: str, figure: str) -> Panel:
    bars = [
        Bar(
            each["title"],
            each["workers"][count][cell.key][figure],
            "limit" if each["is_limit"] else "ours" if name == "ours" else "peer",
        )
        for name, each in results["servers"].items()
        if count in each["workers"] and not each["workers"][count][cell.key]["errors"]
        # A constant is as fast for a thousand rows: it would dwarf every other bar.
        if not (each["is_limit"] and cell.instances > 1)
    ]
    suffix = f", {figure.removesuffix('_ms')}" if figure.endswith("_ms") else ""
    return Panel(cell.title + suffix, bars)
