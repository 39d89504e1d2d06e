"""A comparison of two versions as one page of HTML, which loads nothing."""

import html
from collections.abc import Iterable, Sequence

from service.update.compare import Comparison
from service.update.differences import STEPS
from service.update.report import list_tables, write_title

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
.bad { color: #b00020 } .good { color: #1b6e3c }
svg { background: #fafafa }
"""


def write_page(found: Comparison, breaches: Sequence[str]) -> str:
    """Return a comparison as one page of HTML, which loads nothing."""
    title = html.escape(write_title(found))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>",
    ]
    parts += [f"<p class=bad>{html.escape(breach)}</p>" for breach in breaches]
    if not breaches:
        parts.append("<p class=good>Every bound is kept.</p>")
    parts.append(_draw_spread(found))
    for name, header, rows in list_tables(found):
        parts += [f"<h2>{html.escape(name)}</h2><table>", _write_row("th", header)]
        parts += [_write_row("td", row) for row in rows]
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _draw_spread(found: Comparison) -> str:
    """Return bars of how many rows differ by how much."""
    counts = found.differences.numbers.counts
    if not counts:
        return ""
    most, width = max(counts.values()), 14
    bars = "".join(
        _draw_bar(index * width, width - 2, 110 * counts[step] / most)
        + f"<title>{10 ** (step / STEPS):.2g}: {counts[step]:,} rows</title></rect>"
        for index, step in enumerate(sorted(counts))
    )
    size = f"width={len(counts) * width} height=120"
    return f"<h2>Differences, by size</h2><svg {size} role=img>{bars}</svg>"


def _draw_bar(left: int, width: int, height: float) -> str:
    top = 120 - height
    return f"<rect x={left} y={top:.1f} width={width} height={height:.1f} fill=#3465a4>"


def _write_row(cell: str, values: Iterable[str]) -> str:
    cells = "".join(f"<{cell}>{html.escape(value)}</{cell}>" for value in values)
    return f"<tr>{cells}</tr>"
