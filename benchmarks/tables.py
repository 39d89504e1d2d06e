"""Markdown tables, with a server's ratio to ours beside each figure."""

from collections.abc import Sequence

from benchmarks.charts import format_figure


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; columns after the first are aligned as they come."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def format_row(
    title: str,
    figures: dict[str, float],
    ours: dict[str, float] | None,
    names: Sequence[str],
) -> list[str]:
    """Return a server's row, or that its cell failed."""
    if figures.get("errors"):
        failed = f"failed: {figures['errors']:.0f} errors"
        return [title, failed, *["-"] * (len(names) - 1)]
    return [title, *(_format_cell(figures, ours, name) for name in names)]


def _format_cell(
    figures: dict[str, float], ours: dict[str, float] | None, name: str
) -> str:
    text = format_figure(figures[name])
    if not ours or ours is figures or ours.get("errors"):
        return text
    return f"{text} ({format_figure(figures[name] / ours[name])})"
