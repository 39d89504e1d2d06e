"""The keys that open the service, read again when their file changes."""

import hmac
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from service.setting_values import parse_limits
from service.settings import Platform
from service.web.access.key_file import (
    ApiKey,
    KeysFileError,
    Scope,
    digest_key,
    read_keys,
    write_keys,
)
from service.web.budget import INSTANCES, REQUESTS, build_budget
from service.web.client import Client

logger = logging.getLogger("service")

KEYS_READ = "keys_read"
KEYS_REFUSED = "keys_refused"
KEYS_NOT_KEPT = "keys_not_kept"

# A check of the file costs 2 microseconds; a change is to be seen within a second.
SECONDS_BETWEEN_CHECKS = 0.5

# Compared against where the id is unknown, so that both cases take the same time.
NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class _Entry:
    digest: str
    expires: float  # in seconds of the epoch
    client: Client


class Keyring:
    """The keys of a file, with the limits of those that have none of their own.

    Where a platform is trusted, whose own callers need no key, the file may be absent,
    and come later; no key may bear its name, or both would have one budget.

    A new file that cannot be used is refused, and the old keys stay in force. Each
    worker reads the file by itself, and saves the keys in `latest` for workers that
    start later: those are forked from a process that has the keys of the start, one of
    which may have been revoked since.
    """

    def __init__(
        self,
        path: Path,
        requests: str,
        instances: str,
        latest: Path,
        *,
        platform: Platform | None = None,
    ) -> None:
        self._path = path
        self._latest = latest
        self._defaults = {REQUESTS: requests, INSTANCES: instances}
        self.is_refused = False  # what the file holds now
        self._seen = self._read_stamp()
        self._next_check = time.monotonic() + SECONDS_BETWEEN_CHECKS
        self._platform = platform
        is_absent = platform is not None and not path.exists()
        self._entries = self._build_entries(() if is_absent else read_keys(path))
        self._lock = threading.Lock()
        if not self._entries and platform is None:
            raise KeysFileError(f"The key file {path} holds no key: make one.")

    def find_client(self, key: str) -> Client | None:
        """Return the client of a key, in the same time however much of it is right."""
        self.refresh()
        parts = key.split("_", 2)
        entry = self._entries.get(parts[1]) if len(parts) == 3 else None
        kept = NO_DIGEST if entry is None else entry.digest
        is_same = hmac.compare_digest(kept, digest_key(key))
        if entry is None or not is_same or time.time() >= entry.expires:
            return None
        return entry.client

    def begin_worker(self) -> None:
        """Begin with the latest keys that any worker has read, and check the file."""
        if self._latest.exists():
            self._entries = self._build_entries(read_keys(self._latest))
        self._next_check = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed; it is checked twice a second."""
        # One at a time: of two, the one that read before the change could end last.
        if time.monotonic() > self._next_check and self._lock.acquire(blocking=False):
            try:
                self._read_change()
            finally:
                self._lock.release()

    def _read_change(self) -> None:
        self._next_check = time.monotonic() + SECONDS_BETWEEN_CHECKS
        found = self._read_stamp()
        if found == self._seen:
            return
        self._seen = found
        try:
            keys = read_keys(self._path)
            self._entries = self._build_entries(keys)
        except KeysFileError as error:
            self.is_refused = True
            logger.error(KEYS_REFUSED, extra={"reason": str(error)})  # noqa: TRY400
            return
        self.is_refused = False
        logger.info(KEYS_READ, extra={"keys": len(keys)})
        try:
            write_keys(self._latest, keys)
        except OSError as error:
            logger.warning(KEYS_NOT_KEPT, extra={"reason": error.strerror})

    def _read_stamp(self) -> tuple[int, int, int] | None:
        """Return values that change with the file, its mode, or a link to it."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_ctime_ns, found.st_size, found.st_ino

    def _build_entries(self, keys: Iterable[ApiKey]) -> dict[str, _Entry]:
        return {key.id: self._build_entry(key) for key in keys}

    def _build_entry(self, key: ApiKey) -> _Entry:
        if key.client == self._platform:
            raise KeysFileError(
                f"The key {key.id} has the name of the platform that is trusted,"
                f" {key.client}: make one for a client of another name."
            )
        expires = key.expires.timestamp() if key.expires else float("inf")
        client = self.build_client(key.client, key.scopes, key.requests, key.instances)
        return _Entry(key.sha256, expires, client)

    def build_client(
        self,
        name: str,
        scopes: Iterable[Scope],
        requests: str | None = None,
        instances: str | None = None,
    ) -> Client:
        """Return a client, with its own limits or those of clients that have none."""
        asked, held = (
            build_budget(each, name, parse_limits(limit or self._defaults[each]))
            for each, limit in ((REQUESTS, requests), (INSTANCES, instances))
        )
        policy = ", ".join(limit.policy for limit in (*asked, *held))
        return Client(name, frozenset(scopes), asked, held, policy)
