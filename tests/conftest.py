"""Fixtures: artefacts packaged once a session, a service in process, a real server."""

import fcntl
import gc
import os
import signal

os.environ["OMP_NUM_THREADS"] = "1"  # as gunicorn.conf.py has it, before numpy
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as the service has it, before onnxruntime

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from faulty_redis import FaultyRedis
from flask import Flask
from flask.testing import FlaskClient
from pipelines import CREDIT, FITTED, TENSORS
from redis_server import RedisServer
from server import PATIENCE_SECONDS, Server, stop_all
from service_log import Log, find_handler
from tinydisk import TinyDisk

from service.app import create_app
from service.settings import Settings
from service.web.access.count_table import CountTable, find_table
from service.web.access.key_file import SCOPES, Terms, create_key, revoke_key

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

# Where the shared app keeps its handler: another app that is built replaces it.
HANDLER = "tests.handler"

# The files that take longest, 120 to 20 seconds: in turns those that compute and those
# that mostly wait for servers, or as the referees for what they install.
LONGEST = (
    *("test_parity", "test_shadow", "test_referees", "test_compare"),
    *("test_faulty_redis", "test_corpus", "test_judge", "test_conformance"),
    *("test_package", "test_rolling", "test_wrappers", "test_exactness", "test_forms"),
    *("test_selectors", "test_tasks", "test_neighbours", "test_strict_reading"),
    *("test_texts", "test_judge_prometheus", "test_proposal", "test_prediction_log"),
    *("test_deadlines", "test_code", "test_serving", "test_readme", "test_drift"),
    *("test_behind_nginx", "test_mutations"),
    "test_rollout",  # of those that need a Docker engine
)

PACKAGED = {**FITTED, **TENSORS}

Package = Callable[[str], Path]
Serve = Callable[..., Server]
Served = Callable[[str], Server]
Mount = Callable[[Path, int], TinyDisk]


@pytest.fixture(autouse=True)
def remove_stores() -> Iterator[None]:
    """Free the memory of the tables of limits that a test opened."""
    before = set(CountTable.opened)
    yield
    for path in set(CountTable.opened) - before:
        table = CountTable.opened.pop(path)
        table.words.release()
        table.memory.release()
        path.unlink(missing_ok=True)


@pytest.fixture
def impatient() -> Iterator[None]:
    """Fail the test where it waits for ever, as whoever opens a named pipe may."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"still waiting after {PATIENCE_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(PATIENCE_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Package a fitted pipeline by name, once for all processes of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    to = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "artefacts"
    to.mkdir(exist_ok=True)

    def get(name: str) -> Path:
        folder = to / name / "1.0.0"
        with (to / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return folder if folder.exists() else PACKAGED[name]().package(to)

    return get


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Boot a real gunicorn on a free port; it is stopped after the test.

    `within` is the beginning of a command that runs it somewhere else.
    """
    yield from boot_servers(tmp_path)


@pytest.fixture(scope="module")
def serve_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Boot one that the tests of a module share, each of which leaves it whole."""
    yield from boot_servers(tmp_path_factory.mktemp("servers"))


def boot_servers(folder: Path) -> Iterator[Serve]:
    servers: list[Server] = []

    def boot(artefact: Path, *, within: Sequence[str] = (), **variables: str) -> Server:
        place = folder / f"server-{len(servers)}"
        server = Server(artefact, place, variables, within)
        servers.append(server)
        server.wait_until_ready()
        return server

    yield boot
    stop_all(servers)


@pytest.fixture(scope="session")
def served(
    packaged: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A real gunicorn for each model by name, booted once and shared."""
    servers: dict[str, Server] = {}

    def get(name: str) -> Server:
        if name not in servers:
            artefact = CREDIT if name == "credit-risk" else packaged(name)
            folder = tmp_path_factory.mktemp("servers") / name
            servers[name] = Server(artefact, folder, {})
            servers[name].wait_until_ready()
        return servers[name]

    yield get
    stop_all(servers.values())


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount a tiny disk over a folder; skips where the kernel lets nobody do so."""
    disks: list[TinyDisk] = []

    def mount_one(folder: Path, kilobytes: int) -> TinyDisk:
        disks.append(TinyDisk(folder, kilobytes))
        return disks[-1]

    yield mount_one
    for disk in disks:
        disk.unmount()


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis of the test's own, started; skips where there is none."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def faulty(redis: RedisServer, tmp_path: Path) -> Iterator[FaultyRedis]:
    """A server before that Redis which may be given a fault."""
    server = FaultyRedis(tmp_path, redis.socket)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Keys by scope, and those that open nothing any more, in a file of their own."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    past = Terms(expires=datetime(2020, 1, 1, tzinfo=UTC))
    made = {
        "predict": create_key(path, "scoring", ("predict",)),
        "metrics": create_key(path, "prometheus", ("metrics",)),
        "expired": create_key(path, "former", SCOPES, past),
        "revoked": create_key(path, "former", SCOPES),
    }
    revoke_key(path, made["revoked"].split("_")[1])
    yield {**made, "file": str(path)}
    find_table(path).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def app(keys: dict[str, str]) -> Flask:
    """The service around the committed credit model."""
    app = create_app(
        Settings(
            artefact=CREDIT,
            api_keys_file=Path(keys["file"]),
            rate_limit_failures="1000000/minute",
        )
    )
    app.extensions[HANDLER] = find_handler()
    return app


@pytest.fixture
def log(app: Flask) -> Iterator[Log]:
    """The log of the service in process, formatted as it is on stdout."""
    log = Log()
    handlers = {find_handler(), app.extensions.get(HANDLER, find_handler())}
    # Not by setStream, which flushes what a test that captured it may have closed.
    before = {handler: handler.stream for handler in handlers}
    for handler in handlers:
        handler.stream = log.stream
    yield log
    for handler, stream in before.items():
        handler.stream = stream


@pytest.fixture
def client(app: Flask, keys: dict[str, str]) -> FlaskClient:
    """A client of the service in process, with a key that may predict."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys['predict']}"
    return client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first: pytest-xdist hands files out in this order.

    Begun last, a long one is waited for while the other processes have nothing to do.
    A name that holds an address would be another in each of its processes.
    """
    changing = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if changing:
        raise pytest.UsageError(f"Give the case a name of its own: {changing[0]}")
    places = place_files(dict.fromkeys(item.path for item in items))
    items.sort(key=lambda item: places[item.path])


def pytest_collection() -> None:
    """Look for no garbage while thousands of tests are collected, as each process does.

    It took a third of the time, and found nothing.
    """
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was collected out of the search for what the tests leave behind."""
    gc.freeze()
    gc.enable()


def place_files(paths: Iterable[Path]) -> dict[Path, float]:
    """Return where each file is to come: the longest below 0, the others from 0 to 1.

    Those that boot servers mostly wait, and are spread evenly among those that compute:
    in a row they would leave the processors idle, and then have them wanted by all.
    """
    places: dict[Path, float] = {}
    rest: dict[bool, list[Path]] = {True: [], False: []}
    for path in paths:
        if path.stem in LONGEST:
            places[path] = LONGEST.index(path.stem) - len(LONGEST)
        else:
            rest["functional" in path.parts].append(path)
    for group in rest.values():
        places |= {path: place / len(group) for place, path in enumerate(group)}
    return places


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests measured, and the parity table of the plans that were tested."""
    for name, seconds in list_properties(terminalreporter, "seconds"):
        terminalreporter.line(f"{name} took {seconds:.1f} s")
    rows = list_properties(terminalreporter, "parity")
    if not rows:
        return
    terminalreporter.section("parity with scikit-learn")
    terminalreporter.line(f"{'':40}  largest difference  one row, times faster")
    for name, difference, speed_up in rows:
        terminalreporter.line(f"{name:40}  {difference:18.1e}  {speed_up:21.1f}")


def list_properties(terminalreporter: Any, key: str) -> list[Any]:
    """Return what the tests that passed have recorded by one key."""
    return [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == key
    ]
