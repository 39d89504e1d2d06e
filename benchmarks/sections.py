"""The sections of the report on the shorter questions."""

import statistics
from typing import Any

from benchmarks.tables import format_row, format_table


def write_custom(custom: dict[str, Any]) -> str:
    """Say how a pipeline with a transformer of its own compares."""
    parts = [
        "## A pipeline with a custom transformer\n",
        "Such a pipeline has no plan and is called as it is. 1 instance a request, 16"
        " connections.\n",
    ]
    for count in ("1", "2"):
        ours = custom["ours"][count]["1x16"]
        figures = ["requests_s", "p50_ms", "p99_ms"]
        rows = [
            format_row(name, each[count]["1x16"], ours, figures)
            for name, each in custom.items()
        ]
        header = [f"workers: {count}", "requests/s", "p50 ms", "p99 ms"]
        parts.append(format_table(header, rows))
    return "\n".join(parts)


def write_memory(memory: dict[str, Any]) -> str:
    """Say what four workers weigh beside one."""
    one, four = (memory[count]["process"]["pss_mb"] for count in ("1", "4"))
    return (
        f"## Memory of a large model\n\nA random forest of {memory['model_mb']:.0f} MB,"
        f" after a load: one worker takes {one:.0f} MB PSS in all, four take"
        f" {four:.0f} MB, **{four / one:.2f} times** as much.\n"
    )


def write_start(starts: dict[str, list[float]]) -> str:
    """Say how long the soonest servers take to their first answer."""
    rows = [
        [name, f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"]
        for name, seconds in starts.items()
    ]
    count = min(map(len, starts.values()))
    return (
        f"## Start to first answer\n\n{count} starts each, in turn, with one worker,"
        " of this service and the peers that are soonest.\n\n"
        + format_table(["server", "median s", "slowest s"], rows)
    )
