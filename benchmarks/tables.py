"""Markdown tables, with a server's ratio to ours beside each figure."""

import math
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.load import Figures


def format_figure(value: float) -> str:
    """Return three significant digits, and all of those before the point."""
    if math.isinf(value):
        return "∞"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; columns after the first are aligned as they come."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def compare_figures(
    first: str,
    columns: Mapping[str, str],
    servers: Iterable[tuple[str, Figures]],
    ours: Figures | None,
) -> str:
    """Return a table of servers: `columns` is what each figure is headed by.

    A row says so where a server answered with errors.
    """
    rows = []
    for title, figures in servers:
        if figures.get("errors"):
            failed = f"failed: {figures['errors']:.0f} errors"
            rows.append([title, failed, *["-"] * (len(columns) - 1)])
        else:
            rows.append([title, *(format_ratio(figures, ours, key) for key in columns)])
    return format_table([first, *columns.values()], rows)


def format_ratio(figures: Figures, ours: Figures | None, key: str) -> str:
    """Return a figure, and in brackets what it is divided by ours."""
    text = format_figure(figures[key])
    if not ours or ours is figures or ours.get("errors"):
        return text
    return f"{text} ({format_figure(figures[key] / ours[key])})"
