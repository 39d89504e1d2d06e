"""Whose key it is."""

from pathlib import Path

from service.web.access.key_file import create_key
from service.web.access.keyring import Keyring


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
