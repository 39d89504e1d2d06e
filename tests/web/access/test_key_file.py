"""What a key file holds of a key, and what is refused."""

import json
import stat
from pathlib import Path

import pytest

from service.web.access.key_file import KeysFileError, create_key, read_keys, revoke_key
from service.web.access.private_file import write_private


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


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "a", ("predict",))
    keys = json.loads(path.read_text())
    path.write_text(json.dumps({"keys": keys["keys"] * 2}))
    with pytest.raises(KeysFileError, match="twice"):
        read_keys(path)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_may_write_is_refused_to_readers_and_commands(
    mode: int, tmp_path: Path
) -> None:
    path, link = tmp_path / "keys.json", tmp_path / "link.json"
    identity = create_key(path, "a", ("predict",)).split("_")[1]
    content = path.read_bytes()
    path.chmod(mode)
    link.symlink_to(path.name)
    for use in (
        read_keys,
        lambda file: create_key(file, "b", ("predict",)),
        lambda file: revoke_key(file, identity),
    ):
        for file in (path, link):
            with pytest.raises(KeysFileError) as caught:
                use(file)
            assert str(caught.value) == (
                f"The key file {file} cannot be used: its group or others may write it"
                f" (mode {mode:04o}), and so let themselves in: look it through, then"
                f" run chmod go-w {file}."
            )
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o444, 0o600, 0o640, 0o644])
def test_a_file_that_others_may_read_is_taken(mode: int, tmp_path: Path) -> None:
    """As Kubernetes mounts a Secret: by links, in a folder that all may write."""
    folder = tmp_path / "..2027"
    create_key(folder / "keys.json", "a", ("predict",))
    (folder / "keys.json").chmod(mode)
    folder.chmod(0o777)
    (tmp_path / "..data").symlink_to(folder.name)
    (tmp_path / "keys.json").symlink_to("..data/keys.json")
    assert [key.client for key in read_keys(tmp_path / "keys.json")] == ["a"]


@pytest.mark.parametrize("key", ["msk_1_secret", "MSK_1_SECRET", "Msk_1_seCret-_"])
def test_a_key_that_stands_where_it_does_not_belong_is_not_repeated(
    key: str, tmp_path: Path
) -> None:
    """As a scope in the file, which the reader would quote, and as an id to revoke."""
    path, faulty = tmp_path / "keys.json", tmp_path / "faulty.json"
    create_key(path, "a", ("predict",))
    write_private(faulty, path.read_bytes().replace(b"predict", key.encode()))
    with pytest.raises(KeysFileError, match=r"holds no key 'msk_\.\.\.'\.$"):
        revoke_key(path, key)
    with pytest.raises(KeysFileError, match=r"Invalid enum value 'msk_\.\.\.'"):
        read_keys(faulty)
