"""python -m service drift: how far a file lies from the training table."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import orjson

from service.model.artefact.folder import read_artefact
from service.model.drift.figures import Drift, DriftFigure, Verdict
from service.model.drift_file import measure_file
from service.model.loading import load_predictor
from service.settings import Settings

# 1 is a fault, and 2 a command that argparse does not understand.
EXIT_CODES: dict[Verdict, int] = {
    "stable": 0,
    "moderate": 3,
    "large": 4,
    "insufficient": 5,
}

COLUMNS = f"{'PSI':>7}  {'JS':>6}  {'P':>7}  {'NULL':>6}  {'UNSEEN':>6}  VERDICT"


def add_drift_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    drift = commands.add_parser(
        "drift",
        help="compare a file with the training table",
        epilog="Exits with 0 where all is stable, 3 for moderate drift, 4 for large,"
        " 5 for too few rows to say, 1 for a fault.",
    )
    drift.add_argument("artefact", type=Path)
    drift.add_argument("data", type=Path, help="CSV, .parquet or .jsonl")
    drift.add_argument(
        "--json", action="store_true", help="print what GET /v1/drift says of a window"
    )
    drift.set_defaults(run=print_drift)


def print_drift(options: argparse.Namespace) -> None:
    """Print the drift of a file, and end with the exit code of its verdict."""
    predictor = load_predictor(read_artefact(options.artefact))
    predictor.prove()
    minimum_count = Settings.from_environment().drift_min_count
    found = measure_file(predictor, options.data, minimum_count)
    if options.json:
        print(orjson.dumps(found.drift).decode())
    else:
        for line in _iterate_lines(found.drift, minimum_count):
            print(line)
        if found.refused:
            print(f"{found.refused} rows are refused, and do not count")
    raise SystemExit(EXIT_CODES[found.drift.verdict])


def _iterate_lines(drift: Drift, minimum_count: int) -> Iterator[str]:
    figures = (*drift.features, *drift.scores)
    if figures:
        width = max(len("FEATURE"), *(len(figure.name) for figure in figures))
        yield f"{'FEATURE':{width}}  {COLUMNS}"
        yield from (_format_figure(figure, width) for figure in figures)
    else:
        yield f"there must be {minimum_count} instances for a figure"
    yield f"{drift.verdict}: {drift.count} instances"


def _format_figure(figure: DriftFigure, width: int) -> str:
    p_value = "-" if figure.p_value is None else f"{figure.p_value:.2g}"
    return (
        f"{figure.name:{width}}  {figure.psi:7.4f}  {figure.js_distance:6.4f}"
        f"  {p_value:>7}  {figure.null_rate:6.1%}  {figure.unseen_rate:6.1%}"
        f"  {figure.verdict}"
    )
