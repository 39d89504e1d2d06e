"""Only regular files are opened, and nothing else is waited for."""

import gc
import os
from pathlib import Path

import pytest
from irregular import IRREGULAR, lay_link_to_pipe

from service.regular_file import IrregularFileError, open_regular, read_regular

pytestmark = pytest.mark.usefixtures("impatient")


def list_descriptors() -> list[str]:
    """Return those that are open, without what other tests have left behind."""
    gc.collect()
    return os.listdir("/proc/self/fd")


@pytest.mark.parametrize("kind", IRREGULAR)
def test_what_is_no_regular_file_is_refused_by_its_kind(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    IRREGULAR[kind](path)
    opened = list_descriptors()
    with pytest.raises(IrregularFileError) as caught:
        read_regular(path)
    assert caught.value.strerror == f"it is {kind}; put a regular file in its place"
    assert list_descriptors() == opened


def test_a_link_leads_to_what_is_refused_or_read(tmp_path: Path) -> None:
    lay_link_to_pipe(tmp_path / "pipe")
    with pytest.raises(IrregularFileError, match="a named pipe"):
        read_regular(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"content"


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT])
def test_a_pipe_is_refused_to_readers_and_writers(flags: int, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(IrregularFileError, match="a named pipe"):
        open_regular(str(path), flags)


def test_what_becomes_a_pipe_after_the_first_look_is_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "path", tmp_path / "file"
    file.touch()
    os.mkfifo(path)
    seen = file.stat()
    monkeypatch.setattr(os, "stat", lambda *_, **__: seen)
    opened = list_descriptors()
    with pytest.raises(IrregularFileError, match="a named pipe"):
        read_regular(path)
    assert list_descriptors() == opened


def test_a_file_that_is_not_there_is_made_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        read_regular(path)
    os.close(open_regular(str(path), os.O_RDWR | os.O_CREAT))
    assert path.stat().st_mode & 0o777 == 0o600
