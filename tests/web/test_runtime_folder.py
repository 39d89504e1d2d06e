"""The folder of a running server: there while a process of it lives, and gone after."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pipelines import ROOT

# Prints its folder and, with a worker, the worker's id, and waits for its end of stdin.
SERVER = """
import os, signal, sys
from service.web.runtime_folder import open_folder
print(open_folder(), flush=True)
if "worker" in sys.argv:
    worker = os.fork()
    if not worker:
        signal.pause()
    print(worker, flush=True)
sys.stdin.read()
"""

Boot = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def boot() -> Iterator[Boot]:
    servers: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        servers.append(
            subprocess.Popen(
                [sys.executable, "-c", SERVER, *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return servers[-1]

    yield start
    for server in servers:
        server.communicate()


def read_folder(server: subprocess.Popen[str]) -> Path:
    assert server.stdout
    return Path(server.stdout.readline().strip())


def test_each_server_has_its_own_and_removes_it_when_it_ends(boot: Boot) -> None:
    first, second = boot(), boot()
    folders = read_folder(first), read_folder(second)
    assert folders[0] != folders[1]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]
    first.communicate()
    assert [folder.exists() for folder in folders] == [False, True]


def test_the_folder_of_a_killed_server_is_removed_by_the_next_start(boot: Boot) -> None:
    killed = boot()
    folder = read_folder(killed)
    (folder / "counter_0.db").touch()
    killed.kill()
    killed.wait()
    assert folder.exists()
    assert read_folder(boot()) != folder
    assert not folder.exists()


def test_a_folder_stays_while_a_worker_of_a_killed_server_lives(boot: Boot) -> None:
    killed = boot("worker")
    folder = read_folder(killed)
    assert killed.stdout
    worker = int(killed.stdout.readline())
    killed.kill()
    killed.wait()
    read_folder(boot())
    assert folder.exists()
    os.kill(worker, signal.SIGKILL)
    killed.communicate()  # to the end of its output, which the worker held open
    read_folder(boot())
    assert not folder.exists()
