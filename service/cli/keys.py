"""python -m service key: API keys made, listed and revoked."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from service.settings import Settings, SettingsError
from service.web.access.key_file import (
    SCOPES,
    Terms,
    create_key,
    read_keys,
    revoke_key,
)

COLUMNS = ("ID", "CLIENT", "SCOPES", "EXPIRES", "REQUESTS", "INSTANCES")


def add_key_commands(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    key = commands.add_parser("key", help="manage API keys")
    actions = key.add_subparsers(required=True, metavar="COMMAND")
    create = actions.add_parser("create", help="make a key and print it, once")
    _add_terms(create)
    create.set_defaults(run=print_key)
    listing = actions.add_parser("list", help="print the keys' ids and terms")
    listing.set_defaults(run=list_keys)
    revoke = actions.add_parser("revoke", help="close the service to a key")
    revoke.add_argument("id")
    revoke.set_defaults(run=remove_key)
    for action in (create, listing, revoke):
        action.add_argument(
            "--file", type=Path, help="the key file (default: SERVICE_API_KEYS_FILE)"
        )


def _add_terms(create: argparse.ArgumentParser) -> None:
    create.add_argument("--client", required=True)
    create.add_argument("--scope", required=True, action="append", choices=SCOPES)
    create.add_argument(
        "--expires", type=read_expiry, help="such as 2027-01-31, or 2027-01-31T09:30Z"
    )
    create.add_argument("--requests", help="a limit of its own, such as 200/minute")
    create.add_argument("--instances", help="a limit of its own, such as 5000/minute")


def print_key(options: argparse.Namespace) -> None:
    """Make a key and print it: only its digest is kept."""
    terms = Terms(options.expires, options.requests, options.instances)
    scopes = tuple(dict.fromkeys(options.scope))
    print(create_key(_find_keys_file(options), options.client, scopes, terms))


def list_keys(options: argparse.Namespace) -> None:
    """Print a line for each key, without its secret."""
    print(*COLUMNS, sep="\t")
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
