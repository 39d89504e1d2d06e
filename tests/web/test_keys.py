import json
import stat
from pathlib import Path

import pytest

from service.web.keyring import Keyring
from service.web.keys import SCOPES, KeysFileError, create_key, read_keys
from service.web.localkey import LOCAL_KEY_FILE, ensure_local_key, read_local_key


def test_a_key_is_long_random_and_kept_as_a_digest_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep/keys.json"
    one = create_key(path, "a", ("predict",))
    other = create_key(path, "b", ("predict", "metrics"))
    assert one != other
    assert len(one.split("_", 2)[2]) >= 43  # 256 bits in base64
    content = path.read_text()
    assert one.split("_", 2)[2] not in content
    assert [entry["client"] for entry in json.loads(content)["keys"]] == ["a", "b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_finds_its_client_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one = create_key(path, "a", ("predict",))
    other = create_key(path, "b", ("metrics",))
    keyring = Keyring(path, "9/second", "9/second", path.with_name("last.json"))
    found = keyring.find_client(one)
    assert found is not None
    assert (found.name, found.scopes) == ("a", frozenset({"predict"}))
    mixed = "_".join([*one.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in (mixed, one[:-1], one + "x", one.upper(), "", "__", "msk__"):
        assert keyring.find_client(wrong) is None


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "a", ("predict",))
    keys = json.loads(path.read_text())
    path.write_text(json.dumps({"keys": keys["keys"] * 2}))
    with pytest.raises(KeysFileError, match="twice"):
        read_keys(path)


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
