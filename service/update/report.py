"""A comparison of two versions, as text for a person, as JSON, and as a page."""

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from service.update.compare import Comparison
from service.update.differences import QUANTILES, STEPS

COSTS = {
    "start_s": "start, s",
    "rows_1_ms": "1 row, ms",
    "rows_1000_ms": "1,000 rows, ms",
    "memory_mb": "memory, MB",
    "size_mb": "size, MB",
}

# Rows of a table of labels that are printed; JSON has all.
MOST_LINES = 20

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
.bad { color: #b00020 } .good { color: #1b6e3c }
svg { background: #fafafa }
"""

Table = tuple[str, Sequence[str], list[list[str]]]


def describe(found: Comparison, breaches: Sequence[str]) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
    seen = found.differences
    return {
        "old": {"name": found.old.name, "version": found.old.version},
        "new": {"name": found.new.name, "version": found.new.version},
        "rows": seen.rows,
        "refused": dict(seen.refused),
        "labels_changed": seen.changed,
        "labels": [
            {"old": old, "new": new, "rows": rows}
            for (old, new), rows in seen.labels.most_common()
        ],
        "differences": {str(q): seen.numbers.find_quantile(q) for q in QUANTILES},
        "segments": {
            name: {
                value: {
                    "rows": segment.rows,
                    "labels_changed": segment.changed,
                    "mean_difference": segment.total / segment.rows,
                }
                for value, segment in values.items()
            }
            for name, values in seen.segments.items()
        },
        "furthest": [
            {"row": -number, "old": old, "new": new}
            for _, number, old, new in sorted(seen.furthest, reverse=True)
        ],
        "scores": {name: each.list_figures() for name, each in found.scores.items()},
        "calibration": {
            name: [
                {"certainty": certainty, "right": right, "rows": rows}
                for certainty, right, rows in each.list_calibration()
            ]
            for name, each in found.scores.items()
        },
        "changes": [
            {"breaking": change.is_breaking, "change": change.sentence}
            for change in found.changes
        ],
        "costs": found.costs,
        "breaches": list(breaches),
    }


def write_text(found: Comparison, breaches: Sequence[str]) -> str:
    """Return a comparison as lines for a person."""
    lines = [_write_title(found), ""]
    for title, header, rows in _list_tables(found):
        lines += [title, *_align([list(header), *rows]), ""]
    lines += [f"FAIL  {breach}" for breach in breaches]
    return "\n".join(lines).rstrip("\n") + "\n"


def write_page(found: Comparison, breaches: Sequence[str]) -> str:
    """Return a comparison as one page of HTML, which loads nothing."""
    title = html.escape(_write_title(found))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>",
    ]
    parts += [f"<p class=bad>{html.escape(breach)}</p>" for breach in breaches]
    if not breaches:
        parts.append("<p class=good>Every bound is kept.</p>")
    parts.append(_draw_spread(found))
    for name, header, rows in _list_tables(found):
        parts += [f"<h2>{html.escape(name)}</h2><table>", _write_row("th", header)]
        parts += [_write_row("td", row) for row in rows]
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _write_title(found: Comparison) -> str:
    old, new, seen = found.old, found.new, found.differences
    names = f"{old.name} {old.version} and {new.name} {new.version}"
    share = f"{seen.changed:,} labels are others ({seen.changed / seen.rows:.2%})"
    return f"{names}, {seen.rows:,} rows: {share}"


def _list_tables(found: Comparison) -> Iterator[Table]:
    seen = found.differences
    if found.changes:
        changes = sorted(found.changes, key=lambda change: not change.is_breaking)
        words = [
            ["breaks callers" if c.is_breaking else "harmless", c.sentence]
            for c in changes
        ]
        yield "Contract", ("for callers", "change"), words
    if seen.refused.total():
        refused = [[name, f"{rows:,}"] for name, rows in seen.refused.items()]
        yield "Refused rows", ("version", "rows"), refused
    labels = [
        [old, new, f"{rows:,}", f"{rows / seen.rows:.2%}"]
        for (old, new), rows in seen.labels.most_common(MOST_LINES)
    ]
    if labels:
        yield "Labels", ("old", "new", "rows", "share"), labels
    if seen.numbers.counts:
        quantiles = [
            [f"{q:.1%}", _format(seen.numbers.find_quantile(q))] for q in QUANTILES
        ]
        yield "Largest difference in a row", ("of rows", "at most"), quantiles
    for name, values in seen.segments.items():
        yield (
            f"By {name}",
            ("value", "rows", "labels changed", "mean difference"),
            [
                [
                    value,
                    f"{segment.rows:,}",
                    f"{segment.changed / segment.rows:.2%}",
                    _format(segment.total / segment.rows),
                ]
                for value, segment in sorted(values.items())
            ],
        )
    if seen.furthest:
        furthest = [
            [f"{-number:,}", _shorten(old), _shorten(new)]
            for _, number, old, new in sorted(seen.furthest, reverse=True)
        ]
        yield "Rows that differ most, from 0", ("row", "old", "new"), furthest
    figures = {name: each.list_figures() for name, each in found.scores.items()}
    yield from _compare_figures("Against the target", figures)
    costs = {
        version: {COSTS[name]: each[name] for name in COSTS if name in each}
        for version, each in found.costs.items()
    }
    yield from _compare_figures("Costs", costs)


def _compare_figures(title: str, found: dict[str, dict[str, float]]) -> Iterator[Table]:
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    if names:
        yield (
            title,
            ("figure", *found),
            [
                [
                    name,
                    *(
                        _format(each[name]) if name in each else "-"
                        for each in found.values()
                    ),
                ]
                for name in names
            ],
        )


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


def _align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (value.ljust(width) for value, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _format(value: float) -> str:
    return f"{value:.4g}"


def _shorten(answer: Any) -> str:
    return "refused" if answer is None else str(answer)[:60]
