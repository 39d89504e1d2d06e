"""The keys that open the service, read again when their file changes."""

import hmac
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from service.settings import parse_limits
from service.web.budget import INSTANCES, REQUESTS, build_budget
from service.web.keys import ApiKey, Client, KeysFileError, digest_key, read_keys

logger = logging.getLogger("service")

KEYS_READ = "keys_read"
KEYS_REFUSED = "keys_refused"

# A look at the file costs 2 microseconds and is due within a second of a change.
SECONDS_BETWEEN_LOOKS = 0.5

# Compared against where the id is unknown, so that both ways take the same time.
NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class _Entry:
    digest: str
    expires: float  # in seconds of the epoch
    client: Client


class Keyring:
    """The keys of a file, with the limits of those that have none of their own.

    A new file that cannot be used is refused, and the old keys stay in force.
    """

    def __init__(self, path: Path, requests: str, instances: str) -> None:
        self._path = path
        self._defaults = {REQUESTS: requests, INSTANCES: instances}
        self.is_refused = False  # what the file holds now
        self._seen = self._look()
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        self._entries = self._read()
        self._lock = threading.Lock()
        if not self._entries:
            raise KeysFileError(f"The key file {path} holds no key: make one.")

    def find_client(self, key: str) -> Client | None:
        """Return whose key it is, in a time that does not tell how near it came."""
        # One at a time: of two, the one that read before the change could end last.
        if time.monotonic() > self._next_look and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        parts = key.split("_", 2)
        entry = self._entries.get(parts[1]) if len(parts) == 3 else None
        kept = NO_DIGEST if entry is None else entry.digest
        is_same = hmac.compare_digest(kept, digest_key(key))
        if entry is None or not is_same or time.time() >= entry.expires:
            return None
        return entry.client

    def _refresh(self) -> None:
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
        found = self._look()
        if found == self._seen:
            return
        self._seen = found
        try:
            self._entries = self._read()
        except KeysFileError as error:
            self.is_refused = True
            logger.error(KEYS_REFUSED, extra={"reason": str(error)})  # noqa: TRY400
        else:
            self.is_refused = False
            logger.info(KEYS_READ, extra={"keys": len(self._entries)})

    def _look(self) -> tuple[int, int, int] | None:
        """Return what changes with the file, or with the link that leads to it."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, _Entry]:
        return {key.id: self._build_entry(key) for key in read_keys(self._path)}

    def _build_entry(self, key: ApiKey) -> _Entry:
        requests, instances = (
            build_budget(name, key.client, parse_limits(own or self._defaults[name]))
            for name, own in ((REQUESTS, key.requests), (INSTANCES, key.instances))
        )
        policy = ", ".join(limit.policy for limit in (*requests, *instances))
        expires = key.expires.timestamp() if key.expires else float("inf")
        scopes = frozenset(key.scopes)
        client = Client(key.client, scopes, requests, instances, policy)
        return _Entry(key.sha256, expires, client)
