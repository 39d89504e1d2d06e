"""What a key file holds of a key, and what is refused."""

import json
import stat
from pathlib import Path

import pytest

from service.web.keys.keyfile import KeysFileError, create_key, read_keys


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
