"""The commands: on artefacts, their images and their data, and on API keys."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from service.cli.compare import add_compare_command
from service.cli.drift import add_drift_command
from service.cli.image import ImageError, add_image_command
from service.cli.judge import add_judge_command
from service.model.artefact.card import format_card
from service.model.artefact.folder import read_artefact
from service.model.errors import ArtefactError, DataFileError
from service.model.loading import load_predictor
from service.model.prediction.engine import Engine
from service.settings import Settings, SettingsError
from service.web.access.key_file import (
    SCOPES,
    KeysFileError,
    Terms,
    create_key,
    read_keys,
    revoke_key,
)

FAULTS = (ArtefactError, DataFileError, ImageError, KeysFileError, SettingsError)

KEY_COLUMNS = ("ID", "CLIENT", "SCOPES", "EXPIRES", "REQUESTS", "INSTANCES")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Exits with 1 and one sentence where it finds a fault."""
    options = _build_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except (*FAULTS, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for name, run, purpose in (
        ("check", check_artefact, "verify and prove an artefact"),
        ("inspect", inspect_artefact, "print the card of a model"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("artefact", type=Path)
        command.set_defaults(run=run)
    add_compare_command(commands)
    add_drift_command(commands)
    add_image_command(commands)
    add_judge_command(commands)

    key = commands.add_parser("key", help="manage API keys")
    key_commands = key.add_subparsers(required=True, metavar="COMMAND")
    create = key_commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("--client", required=True)
    create.add_argument("--scope", required=True, action="append", choices=SCOPES)
    create.add_argument(
        "--expires", type=read_expiry, help="such as 2027-01-31, or 2027-01-31T09:30Z"
    )
    create.add_argument("--requests", help="a limit of its own, such as 200/minute")
    create.add_argument("--instances", help="a limit of its own, such as 5000/minute")
    create.set_defaults(run=print_key)
    listing = key_commands.add_parser("list", help="print the keys' ids and terms")
    listing.set_defaults(run=list_keys)
    revoke = key_commands.add_parser("revoke", help="close the service to a key")
    revoke.add_argument("id")
    revoke.set_defaults(run=remove_key)
    for command in (create, listing, revoke):
        command.add_argument(
            "--file", type=Path, help="the key file (default: SERVICE_API_KEYS_FILE)"
        )
    return parser


def check_artefact(options: argparse.Namespace) -> None:
    """Verify, load and prove as a start of the service does, a line for each step."""
    artefact = read_artefact(options.artefact)
    manifest = artefact.manifest
    print(f"ok    {manifest.name} {manifest.version}: {len(manifest.files)} digests")
    print(f"ok    {len(manifest.libraries)} library versions")
    predictor = load_predictor(artefact)
    print(f"ok    the pipeline loads; {describe_engine(predictor.engine)}")
    predictor.prove()
    print(f"ok    {len(predictor.golden.records)} golden records reproduced")


def describe_engine(engine: Engine) -> str:
    """Return what answers, and the reason where that is not a plan."""
    if engine.name != "plan":
        return f"scikit-learn answers: {engine.reason}"
    steps = ", ".join(engine.uncompiled_steps)
    but = f", but for {steps}" if steps else ""
    return f"its plan agrees with scikit-learn to {engine.difference:.1g}{but}"


def inspect_artefact(options: argparse.Namespace) -> None:
    """Print the card of a model for a person."""
    artefact = read_artefact(options.artefact)
    print(format_card(artefact.manifest, artefact.digest), end="")


def print_key(options: argparse.Namespace) -> None:
    """Make a key and print it: only its digest is kept."""
    terms = Terms(options.expires, options.requests, options.instances)
    scopes = tuple(dict.fromkeys(options.scope))
    print(create_key(_find_keys_file(options), options.client, scopes, terms))


def list_keys(options: argparse.Namespace) -> None:
    """Print a line for each key, without its secret."""
    print(*KEY_COLUMNS, sep="\t")
    for key in read_keys(_find_keys_file(options)):
        ends = key.expires.isoformat() if key.expires else "never"
        expires = ends if key.is_live else f"{ends} (expired)"
        limits = (key.requests or "-", key.instances or "-")
        print(key.id, key.client, ",".join(key.scopes), expires, *limits, sep="\t")


def remove_key(options: argparse.Namespace) -> None:
    """Remove a key from the file, which each worker notices within a second."""
    revoked = revoke_key(_find_keys_file(options), options.id)
    print(f"revoked {revoked.id} of {revoked.client}")


def read_expiry(text: str) -> datetime:
    """Read a date or a date-time of ISO 8601, in UTC where it has no offset."""
    expiry = datetime.fromisoformat(text)
    return expiry if expiry.tzinfo else expiry.replace(tzinfo=UTC)


def _find_keys_file(options: argparse.Namespace) -> Path:
    path: Path | None = options.file or Settings.from_environment().api_keys_file
    if path is None:
        raise SettingsError("Name the key file: --file, or SERVICE_API_KEYS_FILE.")
    return path
