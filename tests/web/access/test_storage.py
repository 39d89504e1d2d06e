"""The store of a host: real files and processes, and exact whatever becomes of them."""

import mmap
import os
import signal
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fcntl import LOCK_EX, LOCK_NB, lockf
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipelines import ROOT

from service.settings import SettingsError
from service.web.access import boot_clock
from service.web.access import storage as storage_module
from service.web.access.count_table import SIZE, SLOT, SLOTS, CountTable, find_table
from service.web.access.limits import find_wait
from service.web.access.storage import Count, HostStorage
from service.web.runtime_folder import open_folder

# A window that does not end while a test runs.
AGE = 100 * 365 * 86400

# Keys of which nothing is spent.
NUMBERS = count()

FORK = get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda now: monkeypatch.setattr(storage_module, "read_seconds", lambda: now)


def open_storage(path: Path) -> HostStorage:
    return HostStorage(path)


def count_admitted(storage: HostStorage, limit: int, hits: int) -> int:
    return sum(storage.take("key", limit, AGE, 1).is_admitted for _ in range(hits))


def begin_fork(work: Callable[[], None]) -> int:
    """Work in a process of its own until it is killed, and return its id."""
    process = os.fork()
    if not process:
        try:
            work()
        finally:
            os._exit(1)
    return process


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


# Exactness


def test_the_count_is_exact_over_forks_and_those_who_come_later(path: Path) -> None:
    """Half the processes inherit the open file, and half open it by themselves."""
    before = open_storage(path)
    results = FORK.SimpleQueue()

    def work(is_heir: bool) -> None:
        if not is_heir:
            CountTable.opened.clear()
        storage = before if is_heir else open_storage(path)
        results.put(count_admitted(storage, 500, 300))

    processes = [FORK.Process(target=work, args=(n < 2,)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert sum(results.get() for _ in processes) == 500


def test_the_count_is_exact_over_threads(path: Path) -> None:
    storage = open_storage(path)
    with ThreadPoolExecutor(8) as pool:
        admitted = pool.map(lambda _: count_admitted(storage, 500, 100), range(8))
        assert sum(admitted) == 500


def test_a_killed_process_counted_all_that_it_admitted(path: Path) -> None:
    """What it wrote by half would be a budget given twice: 1 kill in 300 did so."""
    storage = open_storage(path)
    told = memoryview(mmap.mmap(-1, 8)).cast("Q")

    def take_and_tell() -> None:
        for number in range(10**9):
            storage.take(key, 10**12, AGE, 1)
            told[0] = number + 1

    for key in map(str, range(50)):
        told[0] = 0
        process = begin_fork(take_and_tell)
        while not told[0]:
            time.sleep(0.001)
        kill(process)
        assert told[0] <= storage.take(key, -1, AGE, 0).now <= told[0] + 1


def test_a_killed_holder_frees_its_lock(path: Path) -> None:
    storage = open_storage(path)
    descriptor = CountTable.open(path).descriptor
    held, tell = os.pipe()

    def hold() -> None:
        lockf(descriptor, LOCK_EX)
        os.write(tell, b".")
        signal.pause()

    process = begin_fork(hold)
    os.read(held, 1)
    with pytest.raises(BlockingIOError):
        lockf(descriptor, LOCK_EX | LOCK_NB)
    kill(process)
    assert storage.take("key", 1, AGE, 1).is_admitted
    os.close(held)
    os.close(tell)


# Windows


def test_a_window_slides_over_its_border(
    path: Path, clock: Callable[[float], None]
) -> None:
    storage = open_storage(path)

    def take(amount: int = 1) -> bool:
        return storage.take("key", 10, 100, amount).is_admitted

    clock(1099)
    assert [take(8), take(3), take(2), take(1)] == [True, False, True, False]
    clock(1100)  # all of the last window counts still
    assert not take()
    clock(1150)  # half of it
    assert [take(5), take(1)] == [True, False]
    assert storage.take("key", -1, 100, 0) == Count(False, 10, 5, 50)
    clock(1200)  # nothing of the first, and all of the second
    assert [take(5), take(1)] == [True, False]
    clock(1400)  # a whole window passed without a hit
    assert [take(10), take(1)] == [True, False]


@given(
    before=st.integers(0, 10),
    now=st.integers(0, 10),
    age=st.integers(0, 99),
    cost=st.integers(1, 10),
)
def test_who_waits_as_long_as_told_is_admitted_and_no_second_sooner(
    before: int, now: int, age: int, cost: int
) -> None:
    storage, key = HostStorage(open_folder() / "drawn.limits"), str(next(NUMBERS))

    def take_at(moment: float, amount: int, limit: int = 10) -> Count:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(storage_module, "read_seconds", lambda: moment)
            return storage.take(key, limit, 100, amount)

    take_at(1000, before)
    take_at(1100, now, 20)
    refused = take_at(1100 + age, cost)
    if not refused.is_admitted:
        wait = find_wait(10 - cost, 100, refused)
        assert not take_at(1100 + age + wait - 1, cost).is_admitted
        assert take_at(1100 + age + wait, cost).is_admitted


STEPPING = """
import sys, time
from pathlib import Path

stepped, real_time, real_clock = 0, time.time, time.clock_gettime
time.time = lambda: real_time() + stepped
time.clock_gettime = lambda clock: real_clock(clock) + stepped * (clock == 0)

from service.web.access.storage import HostStorage

storage = HostStorage(Path(sys.argv[1]))
for stepped in map(int, sys.argv[2:]):
    print(sum(storage.take("key", 10, 3153600000, 1).is_admitted for _ in range(15)))
"""


def test_a_step_of_the_clock_gives_no_budget_back(path: Path) -> None:
    """To another window, and back."""
    steps = ("0", str(2 * AGE), "0")
    done = subprocess.run(
        [sys.executable, "-c", STEPPING, str(path), *steps],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["10", "0", "0"]


# Files


def test_the_file_is_its_owners_alone_and_has_its_memory_from_the_start(
    path: Path,
) -> None:
    """A worker that first writes where memory is full would be killed by SIGBUS."""
    open_storage(path)
    found = path.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_blocks * 512 >= SIZE


def test_counts_outlive_a_restart(path: Path) -> None:
    assert count_admitted(open_storage(path), 10, 7) == 7
    CountTable.opened.clear()
    assert count_admitted(open_storage(path), 10, 7) == 3


def test_a_file_of_garbage_is_counted_in_all_the_same(path: Path) -> None:
    path.write_bytes(os.urandom(SIZE))
    assert count_admitted(open_storage(path), 10, 20) == 10


def test_a_full_table_keeps_the_clients_and_drops_the_addresses_that_failed(
    path: Path,
) -> None:
    live = struct.pack("=QQQ", AGE * 1000, 1, 0)
    path.write_bytes(b"".join(os.urandom(16) + live for _ in range(SLOTS)))
    assert len(live) + 16 == SLOT.size
    storage = open_storage(path)
    assert count_admitted(storage, 10, 20) == 10
    for number in range(1000):
        assert storage.take(f"failures/{number}", 2, AGE, 1).is_admitted
    assert count_admitted(storage, 10, 20) == 0
    assert [storage.take("one", 2, AGE, 1).is_admitted for _ in range(3)] == [1, 1, 0]


@pytest.mark.parametrize(
    "lay",
    [
        lambda path: path.write_bytes(b"something else"),
        lambda path: path.symlink_to("/dev/null"),
        lambda path: path.mkdir(),
        os.mkfifo,
    ],
    ids=["another size", "a link", "a folder", "a pipe"],
)
def test_what_is_no_store_is_refused(path: Path, lay: Callable[[Path], None]) -> None:
    lay(path)
    with pytest.raises(SettingsError, match=str(path)):
        open_storage(path)


def test_a_file_that_somebody_else_laid_there_is_refused(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make a file somebody else's")
    path.write_bytes(bytes(SIZE))
    os.chown(path, 12345, 12345)
    with pytest.raises(SettingsError, match="is no store of limits of this user"):
        open_storage(path)


def test_no_count_is_taken_over_from_another_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files outlive a boot, and the seconds of both are the same."""
    keys_file = tmp_path / "keys.json"
    boot_id = tmp_path / "boot_id"
    monkeypatch.setattr(boot_clock, "BOOT_ID", boot_id)
    admitted = []
    for identity in ("one", "other", "one"):
        boot_id.write_text(f"{identity}\n")
        storage = HostStorage(find_table(keys_file))
        admitted.append(count_admitted(storage, 10, 7))
    assert admitted == [7, 7, 3]


def test_counts_go_with_the_server_where_no_boot_is_told_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_clock, "BOOT_ID", tmp_path / "absent")
    path = find_table(tmp_path / "keys.json")
    assert path.parent == open_folder()
    storage = HostStorage(path)
    process = begin_fork(lambda: os._exit(count_admitted(storage, 10, 7)))
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert count_admitted(storage, 10, 7) == 3


def test_servers_with_one_key_file_share_a_store_and_others_do_not() -> None:
    assert find_table(Path("/run/keys.json")) == find_table(Path("/run/keys.json"))
    assert find_table(Path("/run/keys.json")) != find_table(Path("/run/others.json"))
