"""Bar charts as SVG: a panel for each question, a bar for each server."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, MARGIN, NAMES, VALUES = 760, 16, 190, 90
BAR, GAP, PANEL_GAP, TITLE = 16, 6, 22, 44
COLOURS = {"ours": "#1a7f5a", "peer": "#8aa4c0", "limit": "#d0d0d0"}


@dataclass(frozen=True)
class Bar:
    """One server's figure; its kind is ours, peer or limit."""

    name: str
    value: float
    kind: str


@dataclass(frozen=True)
class Panel:
    """One question, and the servers' figures in the order they are drawn."""

    title: str
    bars: Sequence[Bar]


def draw_chart(title: str, unit: str, panels: Sequence[Panel]) -> str:
    """Return the chart as an SVG document; each panel has a scale of its own."""
    parts: list[str] = [_text(MARGIN, 26, title, "bold 15px")]
    y = TITLE
    for panel in panels:
        parts.append(_text(MARGIN, y + 12, f"{panel.title} ({unit})", "bold 12px"))
        y += 20
        longest = max(bar.value for bar in panel.bars)
        for bar in panel.bars:
            parts.extend(_draw_bar(bar, y, longest))
            y += BAR + GAP
        y += PANEL_GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"'
            f' viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(title)}">',
            f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _draw_bar(bar: Bar, y: int, longest: float) -> list[str]:
    start = MARGIN + NAMES
    length = max(1.0, (WIDTH - start - VALUES - MARGIN) * bar.value / longest)
    weight = "bold 12px" if bar.kind == "ours" else "12px"
    return [
        _text(MARGIN, y + 12, bar.name.replace("`", ""), weight),
        f'<rect x="{start}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"'
        f' fill="{COLOURS[bar.kind]}"/>',
        _text(start + length + 6, y + 12, format_figure(bar.value), weight),
    ]


def format_figure(value: float) -> str:
    """Return three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _text(x: float, y: int, text: str, font: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="#1c2430" style="font: {font}'
        f' system-ui, sans-serif">{escape(text)}</text>'
    )
