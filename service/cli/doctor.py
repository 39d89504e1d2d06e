"""python -m service doctor: why is it slow, unready or refusing?"""

import argparse
import sys
from pathlib import Path

import orjson

from service.diagnosis.artefact import examine_artefact
from service.diagnosis.report import Report
from service.diagnosis.server import examine_server
from service.model.errors import escape_controls
from service.update.addresses import SourceError


def add_doctor_command(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "doctor",
        help="say why a server or an artefact is slow, unready or refusing",
        epilog="Exits with 0 where nothing is wrong, 1 where something is, and 2 where"
        " it cannot be examined.",
    )
    command.add_argument("target", metavar="URL|ARTEFACT", help="a server or a folder")
    command.add_argument(
        "--key-file", type=Path, help="a file with a key of the scope metrics"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=print_report)


def print_report(options: argparse.Namespace) -> None:
    """Print what was found, and end with the exit code of it."""
    try:
        report = _examine(options)
    except (SourceError, OSError, UnicodeDecodeError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if options.json:
        print(orjson.dumps(report.describe()).decode())
    else:
        for line in report.iterate_lines():
            print(escape_controls(line))  # names are what a server says they are
    raise SystemExit(int(report.is_wrong))


def _examine(options: argparse.Namespace) -> Report:
    if "://" not in options.target:
        return examine_artefact(Path(options.target))
    key = options.key_file.read_text().strip() if options.key_file else ""
    return examine_server(options.target, key)
