"""The commands: on artefacts, their images and their data, and on API keys."""

import argparse
import sys
from collections.abc import Callable, Sequence

from service.cli.artefact import add_artefact_commands
from service.cli.compare import add_compare_command
from service.cli.doctor import add_doctor_command
from service.cli.drift import add_drift_command
from service.cli.image import ImageError, add_image_command
from service.cli.judge import add_judge_command
from service.cli.keys import add_key_commands
from service.cli.pairs import add_pairs_command
from service.cli.score import add_score_command
from service.model.errors import ArtefactError, DataFileError
from service.settings import SettingsError
from service.web.access.key_file import KeysFileError

FAULTS = (ArtefactError, DataFileError, ImageError, KeysFileError, SettingsError)

# In the order in which --help lists them.
COMMANDS: tuple[Callable[[argparse._SubParsersAction], None], ...] = (  # type: ignore[type-arg]
    add_artefact_commands,
    add_compare_command,
    add_doctor_command,
    add_drift_command,
    add_image_command,
    add_judge_command,
    add_pairs_command,
    add_score_command,
    add_key_commands,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Exits with 1 and one sentence where it finds a fault."""
    options = build_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except (*FAULTS, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(1) from error


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_commands in COMMANDS:
        add_commands(commands)
    return parser
