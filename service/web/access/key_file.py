"""The key file: keys of 256 random bits, as SHA-256 digests with client and scopes.

A key reads `msk_<id>_<secret>`: the public id finds the entry, the digest decides. A
fast hash is enough for a secret that cannot be guessed, and a slow one would let
strangers keep the service busy.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from service.model.errors import write_line
from service.setting_values import parse_limits
from service.web.access.private_file import read_protected, write_private

Scope = Literal["predict", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

# One in use, and one to take its place: more would be forgotten, and stay open.
MAX_LIVE_KEYS = 2

# A message about a faulty file may quote it, and somebody may have put a key there, in
# whatever case; or in the place of an id.
KEY = re.compile(r"msk_[\w-]*", re.IGNORECASE)


class KeysFileError(Exception):
    """The key file cannot be used; the sentence, of one line, says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(write_line(sentence))


Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{1,64}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ApiKey(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An entry of the key file. `sha256` is the digest of the whole key."""

    id: Id
    client: Name
    sha256: Digest
    scopes: tuple[Scope, ...]
    expires: Moment | None = None
    requests: str | None = None
    instances: str | None = None

    def __post_init__(self) -> None:
        for limit in (self.requests, self.instances):
            if limit is not None:
                parse_limits(limit)

    @property
    def is_live(self) -> bool:
        return self.expires is None or datetime.now(UTC) < self.expires


class KeysFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the key file holds."""

    keys: tuple[ApiKey, ...]


@dataclass(frozen=True)
class Terms:
    """When a key expires, and its own limits, in flask-limiter's notation."""

    expires: datetime | None = None
    requests: str | None = None
    instances: str | None = None


NO_TERMS = Terms()


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read a key file. Raises KeysFileError."""
    try:
        keys = msgspec.json.decode(read_protected(path), type=KeysFile).keys
    except OSError as error:
        raise KeysFileError(
            f"The key file {path} cannot be used: {error.strerror}."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = mask_keys(str(error))
        raise KeysFileError(f"The key file {path} cannot be read: {message}.") from None
    if len({key.id for key in keys}) < len(keys):
        raise KeysFileError(f"The key file {path} holds an id twice.")
    return keys


def write_keys(path: Path, keys: tuple[ApiKey, ...]) -> None:
    """Write a key file whole, or not at all. Raises OSError."""
    write_private(path, msgspec.json.format(msgspec.json.encode(KeysFile(keys))))


def create_key(
    path: Path, client: str, scopes: Sequence[Scope], terms: Terms = NO_TERMS
) -> str:
    """Add a key to a file, made if need be, and return the key: it is kept nowhere.

    Raises KeysFileError where the client has two live keys, or a term is not valid.
    """
    identity = secrets.token_hex(6)
    key = f"msk_{identity}_{secrets.token_urlsafe(32)}"
    fields = {"id": identity, "client": client, "sha256": digest_key(key)}
    try:
        entry = msgspec.convert(fields | {"scopes": scopes} | asdict(terms), ApiKey)
    except msgspec.ValidationError as error:
        raise KeysFileError(f"The key cannot be made: {error}.") from None
    with _lock_folder(path):
        keys = read_keys(path) if path.exists() else ()
        live = [k.id for k in keys if k.client == client and k.is_live]
        if len(live) >= MAX_LIVE_KEYS:
            raise KeysFileError(
                f"{client} has the live keys {' and '.join(live)}: revoke one first."
            )
        write_keys(path, (*keys, entry))
    return key


def revoke_key(path: Path, identity: str) -> ApiKey:
    """Take a key out of a file by its id, and return it. Raises KeysFileError."""
    with _lock_folder(path):
        keys = read_keys(path)
        revoked = next((key for key in keys if key.id == identity), None)
        if revoked is None:
            masked = mask_keys(identity)
            raise KeysFileError(f"The key file {path} holds no key {masked!r}.")
        write_keys(path, tuple(key for key in keys if key is not revoked))
    return revoked


def digest_key(key: str) -> str:
    """Return the digest that the file keeps of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def mask_keys(text: str) -> str:
    """Return a text without the keys in it."""
    return KEY.sub("msk_...", text)


@contextmanager
def _lock_folder(path: Path) -> Iterator[None]:
    """Hold off other commands: of two at once, one would lose the other's key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        flock(folder, LOCK_EX)
        yield
    finally:
        os.close(folder)
