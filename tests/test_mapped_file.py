"""Memory and locks that processes share."""

import os
import resource
from pathlib import Path

import pytest

from service.mapped_file import map_file, map_memory, open_shared, try_lock


def write_in_fork(memory: memoryview) -> None:
    child = os.fork()
    if not child:
        memory[0] = 7
        os._exit(0)
    os.waitpid(child, 0)


def test_what_a_fork_writes_is_seen() -> None:
    memory = map_memory(4096)
    write_in_fork(memory)
    assert memory[0] == 7


def test_content_outlives_the_map_and_a_file_that_grows(tmp_path: Path) -> None:
    small = map_file(tmp_path / "file", 16)
    write_in_fork(small)
    large = map_file(tmp_path / "file", 8192)
    assert (large[0], len(large)) == (7, 8192)
    small[1] = 8  # an earlier map shares the pages
    assert large[1] == 8
    assert len(map_file(tmp_path / "file", 16)) == 8192
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_memory_without_room_is_refused_before_it_is_written(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            map_file(tmp_path / "file", 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(OSError, match="symbolic links"):
        map_file(tmp_path / "link", 16)


def test_a_lock_is_held_until_the_last_holder_has_closed_it(tmp_path: Path) -> None:
    first, second = (open_shared(tmp_path / "file") for _ in range(2))
    assert try_lock(first)
    assert not try_lock(second)
    os.close(first)
    assert try_lock(second)
    os.close(second)
