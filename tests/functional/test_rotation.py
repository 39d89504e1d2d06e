"""Keys that come and go under traffic, without a restart or a failed good request."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Serve
from pipelines import CREDIT
from server import UNLIMITED, Server
from traffic import Traffic, ask_anew, ask_until

from service.web.access.key_file import Terms, create_key, revoke_key
from service.web.access.private_file import write_private


@pytest.fixture(scope="module")
def shared(serve_module: Serve) -> Server:
    return serve_module(CREDIT, **UNLIMITED)


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """A server whose key file each test finds as it was at the start."""
    shared.skip_lines()
    good = shared.keys_file.read_bytes()
    yield shared
    if not shared.keys_file.is_file() or shared.keys_file.read_bytes() != good:
        write_private(shared.keys_file, good)
        shared.wait_for_each_worker("keys_read")


def kill_each_worker(server: Server) -> None:
    """Kill them, and wait until others are in their places."""
    for pid in server.pids[-server.workers :]:
        os.kill(pid, signal.SIGKILL)
    server.wait_for_each_worker("ready")


def test_a_key_is_rotated_under_traffic(server: Server) -> None:
    old = create_key(server.keys_file, "guest", ("predict",))
    server.wait_for_each_worker("keys_read")
    with Traffic(server, 2, old) as before:
        new = create_key(server.keys_file, "guest", ("predict",))
        server.wait_for_each_worker("keys_read")
        with Traffic(server, 2, new) as after:
            before.stop()
            revoke_key(server.keys_file, old.split("_")[1])
            server.wait_for_each_worker("keys_read")
            assert set(ask_anew(server, old, 50)) == {401}
            assert set(ask_anew(server, new, 50)) == {200}
    assert before.failures == after.failures == []


def test_a_broken_key_file_leaves_the_old_keys_in_force(server: Server) -> None:
    good = server.keys_file.read_bytes()
    with Traffic(server, 2) as traffic:
        write_private(server.keys_file, good.replace(b"predict", server.key.encode()))
        server.wait_for_each_worker("keys_refused")
        server.keys_file.unlink()
        server.wait_for_each_worker("keys_refused")
        assert set(ask_anew(server, server.key, 20)) == {200}
        write_private(server.keys_file, good)
        server.wait_for_each_worker("keys_read")
    assert traffic.failures == []
    refused = [e for e in server.events if e["event"] == "keys_refused"]
    assert {e["level"] for e in refused} == {"ERROR"}
    assert server.key not in "".join(server.lines)


def test_a_worker_that_nobody_calls_sees_a_broken_file_and_a_mended_one(
    server: Server,
) -> None:
    good = server.keys_file.read_bytes()
    write_private(server.keys_file, b"{")
    server.wait_for_each_worker("keys_refused")
    write_private(server.keys_file, good)
    server.wait_for_each_worker("keys_read")


def test_a_key_file_that_becomes_a_pipe_leaves_the_old_keys_in_force(
    server: Server, tmp_path: Path
) -> None:
    """To open it as a file would hang each worker, and those that replace them."""
    good = server.keys_file.read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Traffic(server, 2) as traffic:
        pipe.rename(server.keys_file)
        refused = [server.wait_for("keys_refused") for _ in range(server.workers)]
        traffic.wait_for(20)
    assert traffic.failures == []
    assert all("it is a named pipe" in line["reason"] for line in refused)
    kill_each_worker(server)
    assert set(ask_anew(server, server.key, 20)) == {200}
    write_private(server.keys_file, good)
    server.wait_for_each_worker("keys_read")


def test_a_key_file_that_others_may_write_is_refused_until_they_may_not(
    server: Server, tmp_path: Path
) -> None:
    """Its content is the same, so it is the mode alone that is seen to change."""
    good = server.keys_file.read_bytes()
    server.keys_file.chmod(0o660)
    for _ in range(server.workers):
        assert "(mode 0660)" in server.wait_for("keys_refused")["reason"]
    intruder = create_key(tmp_path / "keys.json", "intruder", ("metrics",))
    server.keys_file.write_bytes((tmp_path / "keys.json").read_bytes())
    server.wait_for_each_worker("keys_refused")
    assert set(ask_anew(server, server.key, 20)) == {200}
    assert set(ask_anew(server, intruder, 20)) == {401}
    server.keys_file.write_bytes(good)
    server.keys_file.chmod(0o600)
    server.wait_for_each_worker("keys_read")


def test_a_revoked_key_stays_so_for_a_new_worker_that_cannot_read_the_file(
    server: Server,
) -> None:
    """It is forked from a process that has read the keys of the start."""
    key = create_key(server.keys_file, "guest", ("predict",))
    server.wait_for_each_worker("keys_read")
    revoke_key(server.keys_file, server.key.split("_")[1])
    server.wait_for_each_worker("keys_read")
    write_private(server.keys_file, b"{")
    server.wait_for_each_worker("keys_refused")
    kill_each_worker(server)
    assert set(ask_anew(server, server.key, 20)) == {401}
    assert set(ask_anew(server, key, 20)) == {200}


def test_a_key_that_expires_closes_by_itself(server: Server) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    with Traffic(server, 2) as traffic:
        key = create_key(server.keys_file, "guest", ("predict",), Terms(expires=soon))
        server.wait_for_each_worker("keys_read")
        ask_until(server, key, 401)
        assert datetime.now(UTC) >= soon
        assert set(ask_anew(server, key, 20)) == {401}
    assert traffic.failures == []
