"""The API keys: 256 random bits each, kept as SHA-256 digests with client and scopes.

A key reads `msk_<id>_<secret>`: the public id finds the entry, the digest decides. A
fast hash is enough for a secret that cannot be guessed, and a slow one would let
strangers keep the service busy.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from limits import RateLimitItem, parse_many

Scope = Literal["predict", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

# Where a service without SERVICE_API_KEYS_FILE keeps the key it makes for itself.
LOCAL_KEYS_FILE = Path(".local/api-keys.json")
LOCAL_KEY_FILE = Path(".local/api-key")

# Compared against where the id is unknown, so that both ways take the same time.
NO_DIGEST = "0" * 64


class KeysFileError(Exception):
    """The key file cannot be used; the sentence says why."""


Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ApiKey(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An entry of the key file. `sha256` is the digest of the whole key."""

    id: Name
    client: Name
    sha256: Digest
    scopes: tuple[Scope, ...]
    requests: str | None = None
    instances: str | None = None


class KeysFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the key file holds."""

    keys: tuple[ApiKey, ...]


@dataclass(frozen=True)
class Client:
    """Who calls, and what it may."""

    name: str
    scopes: frozenset[str]
    requests: tuple[RateLimitItem, ...] | None = None
    instances: tuple[RateLimitItem, ...] | None = None


class Keyring:
    """The keys that open the service."""

    def __init__(self, path: Path) -> None:
        self._entries = {
            key.id: (key.sha256, _read_client(key)) for key in read_keys(path)
        }

    def find_client(self, key: str) -> Client | None:
        """Return whose key it is, in a time that does not tell how near it came."""
        parts = key.split("_", 2)
        entry = self._entries.get(parts[1]) if len(parts) == 3 else None
        digest, client = entry or (NO_DIGEST, None)
        return client if hmac.compare_digest(digest, _digest(key)) else None


def _read_client(key: ApiKey) -> Client:
    return Client(
        key.client,
        frozenset(key.scopes),
        _read_limit(key, key.requests),
        _read_limit(key, key.instances),
    )


def _read_limit(key: ApiKey, text: str | None) -> tuple[RateLimitItem, ...] | None:
    if text is None:
        return None
    try:
        items = tuple(parse_many(text))
    except ValueError:
        items = ()
    if not items or any(item.amount < 1 or item.multiples < 1 for item in items):
        raise KeysFileError(f"The limit {text!r} of the key {key.id} is none.")
    return items


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read a key file. Raises KeysFileError."""
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=KeysFile).keys
    except OSError as error:
        raise KeysFileError(
            f"The key file {path} cannot be read: {error.strerror}."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KeysFileError(f"The key file {path} cannot be read: {error}.") from None
    if not keys:
        raise KeysFileError(f"The key file {path} holds no key: make one.")
    if len({key.id for key in keys}) < len(keys):
        raise KeysFileError(f"The key file {path} holds an id twice.")
    return keys


def create_key(
    path: Path,
    client: str,
    scopes: tuple[Scope, ...],
    *,
    requests: str | None = None,
    instances: str | None = None,
) -> str:
    """Add a key to a file, made if need be, and return the key: it is kept nowhere."""
    keys = read_keys(path) if path.exists() else ()
    identity = secrets.token_hex(6)
    key = f"msk_{identity}_{secrets.token_urlsafe(32)}"
    entry = ApiKey(identity, client, _digest(key), scopes, requests, instances)
    _read_client(entry)
    _write_private(path, msgspec.json.encode(KeysFile((*keys, entry))))
    return key


def ensure_local_key() -> Path:
    """Return the key file for local use, made at first with one key for every scope."""
    if LOCAL_KEYS_FILE.exists():
        read_local_key()  # the two belong together: one alone is of no use
    else:
        try:
            key = create_key(LOCAL_KEYS_FILE, "local", SCOPES)
            _write_private(LOCAL_KEY_FILE, key.encode())
        except OSError as error:
            raise KeysFileError(
                "SERVICE_API_KEYS_FILE is not set, and a key for local use cannot be"
                f" kept in {LOCAL_KEYS_FILE.parent}: {error.strerror}."
            ) from None
    return LOCAL_KEYS_FILE


def read_local_key() -> str:
    """Return the key that ensure_local_key made. Raises KeysFileError."""
    try:
        return LOCAL_KEY_FILE.read_text()
    except OSError as error:
        raise KeysFileError(
            f"The local key {LOCAL_KEY_FILE} cannot be read: {error.strerror}; remove"
            f" {LOCAL_KEYS_FILE} to have both made again."
        ) from None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(prefix=".key-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(staged, path)
