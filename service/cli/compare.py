"""python -m service compare: two versions on the rows of a file."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson

from service.model.errors import ArtefactError, DataFileError
from service.update.answers import AnswersError
from service.update.compare import (
    Asked,
    Bounds,
    Comparison,
    compare,
    list_breaches,
)
from service.update.logged import PredictionLogError
from service.update.page import write_page
from service.update.report import describe, write_text

FAULTS = (ArtefactError, DataFileError, AnswersError, PredictionLogError)

EPILOG = (
    "Exits with 0 where every bound is kept, 1 where one is not, and 2 for a fault, in"
    " one sentence."
)

# What is called with the number of rows so far.
Tell = Callable[[int], object]


def add_compare_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "compare",
        help="compare what two versions answer to a file",
        epilog=EPILOG,
    )
    command.add_argument("old", type=Path)
    command.add_argument("new", type=Path)
    command.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FILE",
        help="rows with a column a feature: CSV, .parquet, .jsonl",
    )
    command.add_argument(
        "--segment",
        action="append",
        default=[],
        metavar="COLUMN",
        help="tell the values of a column apart; may be given again",
    )
    command.add_argument(
        "--target", default="", metavar="COLUMN", help="the column with the truth"
    )
    for version in ("old", "new"):
        command.add_argument(
            f"--{version}-python",
            default="",
            metavar="PROGRAM",
            help=f"the Python that the {version} version runs in, with its libraries",
        )
    add_reporting(command)
    command.add_argument(
        "--max-worse",
        type=float,
        metavar="SHARE",
        help="by which accuracy may be less, or an error more, of what it was",
    )
    command.add_argument(
        "--may-break", action="store_true", help="allow changes that break callers"
    )
    command.set_defaults(run=print_comparison)


def add_reporting(command: argparse.ArgumentParser) -> None:
    """Add the bounds of what may differ, and the forms of a report."""
    command.add_argument(
        "--max-changed", type=float, metavar="SHARE", help="of labels that are others"
    )
    command.add_argument(
        "--max-difference",
        type=float,
        metavar="NUMBER",
        help="that 99 of 100 rows keep in each number",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--html", type=Path, metavar="FILE", help="write a page, too")


def print_comparison(options: argparse.Namespace) -> None:
    """Print a comparison, and end with 1 where a bound is not kept."""
    asked = Asked(
        options.old,
        options.new,
        options.data,
        options.segment,
        options.target,
        options.old_python,
        options.new_python,
    )
    bounds = Bounds(
        options.max_changed,
        options.max_difference,
        options.max_worse,
        may_break=options.may_break,
    )
    print_found(options, partial(compare, asked), bounds)


def print_found(
    options: argparse.Namespace, find: Callable[[Tell], Comparison], bounds: Bounds
) -> None:
    """Print what is found, and end with 1 where a bound is not kept, 2 for a fault."""
    is_watched = sys.stderr.isatty()
    try:
        found = find(_tell if is_watched else int)
        breaches = list_breaches(found, bounds)
        if options.html:
            options.html.write_text(write_page(found, breaches))
    except (*FAULTS, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(2) from error
    finally:
        if is_watched:
            print(file=sys.stderr)  # the line of progress has no end
    if options.json:
        print(orjson.dumps(describe(found, breaches)).decode())
    else:
        print(write_text(found, breaches), end="")
    raise SystemExit(1 if breaches else 0)


def _tell(rows: int) -> None:
    print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)
