"""The key that a service without SERVICE_API_KEYS_FILE makes for itself."""

from pathlib import Path

from service.regular_file import read_regular
from service.web.access.key_file import SCOPES, KeysFileError, create_key
from service.web.access.private_file import write_private

LOCAL_KEYS_FILE = Path(".local/api-keys.json")
LOCAL_KEY_FILE = Path(".local/api-key")


def ensure_local_key() -> Path:
    """Return the key file for local use, created once with a key for every scope."""
    if LOCAL_KEYS_FILE.exists():
        read_local_key()  # one file is of no use without the other
        return LOCAL_KEYS_FILE
    try:
        key = create_key(LOCAL_KEYS_FILE, "local", SCOPES)
        write_private(LOCAL_KEY_FILE, key.encode())
    except OSError as error:
        raise KeysFileError(
            "SERVICE_API_KEYS_FILE is not set, and a key for local use cannot be"
            f" kept in {LOCAL_KEYS_FILE.parent}: {error.strerror}."
        ) from None
    return LOCAL_KEYS_FILE


def read_local_key() -> str:
    """Return the key that ensure_local_key made. Raises KeysFileError."""
    try:
        return read_regular(LOCAL_KEY_FILE).decode()
    except OSError as error:
        raise KeysFileError(
            f"The local key {LOCAL_KEY_FILE} cannot be read: {error.strerror}; remove"
            f" {LOCAL_KEYS_FILE} to have both made again."
        ) from None
