"""python -m service pairs: two versions' answers to the same requests."""

import argparse
from functools import partial
from pathlib import Path

from service.cli.compare import EPILOG, add_reporting, print_found
from service.update.compare import Bounds
from service.update.pairs import Logs, compare_pairs


def add_pairs_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "pairs",
        help="compare two versions' answers in prediction logs, by request ids",
        epilog=EPILOG,
    )
    command.add_argument("old", help="the old version, such as 1.0.0")
    command.add_argument("new", help="the new version")
    command.add_argument(
        "--log",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help="prediction logs of both versions, and the services' stdout, which has"
        " what they refused",
    )
    command.add_argument(
        "--segment",
        action="append",
        default=[],
        metavar="FIELD",
        help="tell the values of a field apart; may be given again",
    )
    add_reporting(command)
    command.set_defaults(run=print_pairs)


def print_pairs(options: argparse.Namespace) -> None:
    """Print a comparison, and end with 1 where a bound is not kept."""
    logs = Logs(options.old, options.new, options.log, options.segment)
    bounds = Bounds(options.max_changed, options.max_difference)
    print_found(options, partial(compare_pairs, logs), bounds)
