"""The store of all replicas: a real Redis, there, away, hanging, full, and back."""

import logging
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from redis_server import RedisServer
from server import PATIENCE_SECONDS

from service.settings import SettingsError
from service.web.access.redis_storage import (
    LIMITS_PER_HOST,
    LIMITS_SHARED,
    RedisStorage,
)
from service.web.access.storage import HostStorage

# A window that does not end while a test runs, in seconds, as Redis can count them.
AGE = 10**9

Open = Callable[[str], RedisStorage]


class Said(logging.Handler):
    """What the service said, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._records: queue.Queue[logging.LogRecord] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put(record)

    def next(self) -> tuple[str, str | None]:
        """Wait for what is said next, and return it with its reason."""
        record = self._records.get(timeout=PATIENCE_SECONDS)
        return record.getMessage(), getattr(record, "reason", None)

    @property
    def is_nothing_left(self) -> bool:
        return self._records.empty()


@pytest.fixture
def said() -> Iterator[Said]:
    logger, said = logging.getLogger("service"), Said()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(said)
    yield said
    logger.removeHandler(said)
    logger.setLevel(level)


@pytest.fixture
def open_storage(tmp_path: Path) -> Open:
    """Open the storage of a replica on a host of its own."""
    hosts = count()
    return lambda url: RedisStorage(
        url, HostStorage(tmp_path / f"{next(hosts)}.limits")
    )


def count_admitted(storage: RedisStorage, limit: int, hits: int) -> int:
    return sum(storage.take("key", limit, AGE, 1).is_admitted for _ in range(hits))


def count_over_threads(storages: list[RedisStorage], limit: int, hits: int) -> int:
    with ThreadPoolExecutor(8) as pool:
        return sum(
            pool.map(
                lambda n: count_admitted(storages[n % len(storages)], limit, hits // 8),
                range(8),
            )
        )


# There


def test_the_count_is_exact_over_replicas(
    redis: RedisServer, open_storage: Open, said: Said
) -> None:
    storages = [open_storage(redis.patient_url) for _ in range(2)]
    assert count_over_threads(storages, 200, 400) == 200
    assert said.is_nothing_left


def test_a_window_slides_over_its_border(
    redis: RedisServer, open_storage: Open
) -> None:
    """As time cannot be told to pass, the windows are told that they end sooner."""
    storage = open_storage(redis.patient_url)

    def take(amount: int = 1) -> bool:
        return storage.take("key", 10, AGE, amount).is_admitted

    def pass_time(share: float) -> None:
        with redis.connect() as client:
            for name in client.scan_iter():
                left = client.pttl(name) - int(1000 * AGE * share)
                client.pexpire(name, left)

    assert [take(8), take(3), take(2), take()] == [True, False, True, False]
    pass_time(1.45)  # of ten, five and a half count still
    assert [take(5), take(1)] == [True, False]
    seen = storage.take("key", -1, AGE, 0)
    assert (seen.before, seen.now) == (10, 5)
    assert seen.seconds_left == pytest.approx(0.55 * AGE, rel=1e-3)
    pass_time(0.65)  # nothing of the first, and nine tenths of the second
    assert [take(6), take(1)] == [True, False]
    pass_time(2.1)
    assert [take(10), take(1)] == [True, False]


def test_what_is_kept_in_redis_goes_when_it_counts_no_more(
    redis: RedisServer, open_storage: Open
) -> None:
    storage = open_storage(redis.patient_url)
    storage.take("key", 10, 60, 1)
    with redis.connect() as client:
        assert [0 < client.ttl(name) <= 120 for name in client.scan_iter()] == [True]


def test_a_redis_that_forgot_the_script_is_told_it_again(
    redis: RedisServer, open_storage: Open, said: Said
) -> None:
    storage = open_storage(redis.patient_url)
    assert count_admitted(storage, 10, 5) == 5
    with redis.connect() as client:
        client.script_flush()
    assert count_admitted(storage, 10, 10) == 5
    assert said.is_nothing_left


def test_no_connection_is_open_when_workers_are_forked(
    redis: RedisServer, open_storage: Open
) -> None:
    storage = open_storage(redis.patient_url)
    with redis.connect() as client:
        assert len(client.client_list()) == 1  # this one
        count_admitted(storage, 10, 1)
        assert len(client.client_list()) == 2


# Away


def test_limits_are_per_host_while_redis_is_away_and_shared_again_after(
    redis: RedisServer, open_storage: Open, said: Said
) -> None:
    storages = [open_storage(redis.url) for _ in range(2)]
    redis.stop()
    assert [count_admitted(storage, 20, 30) for storage in storages] == [20, 20]
    assert {said.next(), said.next()} == {(LIMITS_PER_HOST, "ConnectionError")}
    redis.start()
    assert {said.next(), said.next()} == {(LIMITS_SHARED, None)}
    assert not any(storage.is_away for storage in storages)


def test_a_redis_that_hangs_is_left_once_whoever_waits_for_it(
    redis: RedisServer, open_storage: Open, said: Said
) -> None:
    storage = open_storage(redis.url)
    redis.hang()
    assert count_over_threads([storage], 50, 80) == 50
    assert said.next() == (LIMITS_PER_HOST, "TimeoutError")
    assert said.is_nothing_left
    redis.go_on()
    assert said.next() == (LIMITS_SHARED, None)


def test_a_redis_that_refuses_to_count_is_away(
    redis: RedisServer, open_storage: Open, said: Said
) -> None:
    storage = open_storage(redis.patient_url)
    with redis.connect() as client:
        client.config_set("maxmemory", 1)
        assert count_admitted(storage, 20, 30) == 20
        assert said.next() == (LIMITS_PER_HOST, "OutOfMemoryError")
        client.config_set("maxmemory", 0)
        assert said.next() == (LIMITS_SHARED, None)


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "redis://:secret@redis:99999",
        "redis://:secret@redis:port",
        "redis://:secret@[::1",
        f"redis://:secret@{64 * 'a'}",
        "redis://:secret@127.0.0.1:1?no_such_option=1",
        "redis://:secret@127.0.0.1:1?socket_timeout=long",
        "redis://:secret@127.0.0.1:1?encoding=none",
        "redis://:secret@127.0.0.1:1?retry=3",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(
    address: str, open_storage: Open
) -> None:
    with pytest.raises(SettingsError, match="no address of a Redis") as refusal:
        open_storage(address)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__suppress_context__
