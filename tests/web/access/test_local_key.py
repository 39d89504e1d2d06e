"""The key that a service without a key file makes for itself."""

import stat
from pathlib import Path

import pytest

from service.web.access.key_file import SCOPES, KeysFileError
from service.web.access.keyring import Keyring
from service.web.access.local_key import (
    LOCAL_KEY_FILE,
    ensure_local_key,
    read_local_key,
)


def test_a_key_for_local_use_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = ensure_local_key()
    key = read_local_key()
    assert ensure_local_key() == path
    assert read_local_key() == key
    assert stat.S_IMODE(LOCAL_KEY_FILE.stat().st_mode) == 0o600
    client = Keyring(
        path, "9/second", "9/second", path.with_name("last.json")
    ).find_client(key)
    assert client is not None
    assert client.scopes == set(SCOPES)


def test_a_local_key_that_was_lost_is_made_again_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ensure_local_key()
    LOCAL_KEY_FILE.unlink()
    with pytest.raises(KeysFileError, match="to have both made again"):
        ensure_local_key()


def test_a_folder_that_cannot_be_written_asks_for_a_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".local").write_text("a file where the folder should be")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeysFileError, match="SERVICE_API_KEYS_FILE is not set"):
        ensure_local_key()
