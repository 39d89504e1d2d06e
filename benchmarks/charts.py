"""Bar charts as SVG: a panel for each question, a bar for each server."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from benchmarks.tables import format_figure

WIDTH, MARGIN, NAMES, VALUES = 760, 16, 190, 90
BAR, GAP, PANEL_GAP, TITLE = 16, 6, 22, 44
COLOURS = {"ours": "#1a7f5a", "peer": "#8aa4c0", "limit": "#d0d0d0"}


class Bar(NamedTuple):
    """One server's figure; its kind is ours, peer or limit."""

    name: str
    value: float
    kind: str


def draw_chart(title: str, panels: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Return the chart as an SVG document; each panel has a scale of its own."""
    parts, y = [_write(MARGIN, 26, title, "bold 15px")], TITLE
    for heading, bars in panels:
        parts.append(_write(MARGIN, y + 12, heading, "bold 12px"))
        y += 20
        longest = max(bar.value for bar in bars)
        for bar in bars:
            parts.append(_draw_bar(bar, y, longest))
            y += BAR + GAP
        y += PANEL_GAP
    size = f'width="{WIDTH}" height="{y}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {y}"'
        f' role="img" aria-label="{escape(title)}">\n<rect {size} fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _draw_bar(bar: Bar, y: int, longest: float) -> str:
    start = MARGIN + NAMES
    length = max(1.0, (WIDTH - start - VALUES - MARGIN) * bar.value / longest)
    font = "bold 12px" if bar.kind == "ours" else "12px"
    return "\n".join(
        [
            _write(MARGIN, y + 12, bar.name.replace("`", ""), font),
            f'<rect x="{start}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"'
            f' fill="{COLOURS[bar.kind]}"/>',
            _write(start + length + 6, y + 12, format_figure(bar.value), font),
        ]
    )


def _write(x: float, y: int, text: str, font: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="#1c2430" style="font: {font}'
        f' system-ui, sans-serif">{escape(text)}</text>'
    )
