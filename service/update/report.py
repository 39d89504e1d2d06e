"""A comparison of two versions, as tables of text for a person, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from service.update.compare import Comparison
from service.update.differences import QUANTILES, Differences, Segment

COSTS = {
    "start_s": "start, s",
    "rows_1_ms": "1 row, ms",
    "rows_1000_ms": "1,000 rows, ms",
    "memory_mb": "memory, MB",
    "size_mb": "size, MB",
}

# Of the counts of requests in prediction logs: see pairs.py.
REQUESTS = {
    "paired": "answered by both versions",
    "old_alone": "found of the old version alone",
    "new_alone": "found of the new version alone",
    "repeated": "found again by the same id",
    "other_instances": "of other instances by the same id",
}

# Rows of a table of labels that are printed; JSON has all.
MOST_LINES = 20

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
            name: {value: _describe_segment(each) for value, each in values.items()}
            for name, values in seen.segments.items()
        },
        "furthest": [
            {"row": -number, "old": old, "new": new}
            | ({"request_id": name} if name else {})
            for _, number, old, new, name in sorted(seen.furthest, reverse=True)
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
        **({"requests": found.requests} if found.requests else {}),
    }


def _describe_segment(segment: Segment) -> dict[str, Any]:
    return {
        "rows": segment.rows,
        "labels_changed": segment.changed,
        "mean_difference": segment.total / segment.rows,
    }


def write_text(found: Comparison, breaches: Sequence[str]) -> str:
    """Return a comparison as lines for a person."""
    lines = [write_title(found), ""]
    for title, header, rows in list_tables(found):
        lines += [title, *_align([list(header), *rows]), ""]
    lines += [f"FAIL  {breach}" for breach in breaches]
    return "\n".join(lines).rstrip("\n") + "\n"


def write_title(found: Comparison) -> str:
    """Return a comparison in one line."""
    old, new, seen = found.old, found.new, found.differences
    names = f"{old.name} {old.version} and {new.name} {new.version}"
    share = f"{seen.changed:,} labels are others ({seen.changed / seen.rows:.2%})"
    return f"{names}, {seen.rows:,} rows: {share}"


def list_tables(found: Comparison) -> Iterator[Table]:
    """Yield the tables of a comparison: a title, a header and rows."""
    seen = found.differences
    if found.requests:
        requests = [
            [words, f"{found.requests.get(name, 0):,}"]
            for name, words in REQUESTS.items()
        ]
        yield "Requests", ("that were", "number"), requests
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
    yield from _list_rows(seen)
    figures = {name: each.list_figures() for name, each in found.scores.items()}
    yield from _compare_figures("Against the target", figures)
    costs = {
        version: {COSTS[name]: each[name] for name in COSTS if name in each}
        for version, each in found.costs.items()
    }
    yield from _compare_figures("Costs", costs)


def _list_rows(seen: Differences) -> Iterator[Table]:
    """Yield what is told of some rows: by a column, and of those that differ most."""
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
            [name or f"{-number:,}", _shorten(old), _shorten(new)]
            for _, number, old, new, name in sorted(seen.furthest, reverse=True)
        ]
        yield "Rows that differ most, from 0", ("row", "old", "new"), furthest


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


def _align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (value.ljust(width) for value, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _format(value: float) -> str:
    return f"{value:.4g}"


def _shorten(answer: Any) -> str:
    return "refused" if answer is None else str(answer)[:60]
