"""More clients and addresses than the store of a host holds: who is active is kept."""

from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest

from service.setting_values import parse_limits
from service.web.access import storage as storage_module
from service.web.access.count_table import SLOTS
from service.web.access.storage import HostStorage
from service.web.budget import FAILURES, REQUESTS, build_budget

# A window that does not end while a test runs.
ENDLESS = "100 year"

FORK = get_context("fork")

parse = cache(parse_limits)


@pytest.fixture
def storage(tmp_path: Path) -> HostStorage:
    return HostStorage(tmp_path / "limits")


def take(storage: HostStorage, name: str, owner: str, limit: str) -> bool:
    """Take one of a limit, as it is taken for a request, if there is one left."""
    [item] = build_budget(name, owner, parse(limit))
    return storage.take(item.key, item.amount, item.seconds, 1).is_admitted


def fail_from_everywhere(storage: HostStorage, network: int, limit: str) -> None:
    """Use up what many addresses may fail."""
    for number in range(2 * SLOTS):
        owner = f"10.{network}.{number // 256}.{number % 256}"
        while take(storage, FAILURES, owner, limit):
            pass


def test_a_client_keeps_its_count_while_addresses_fail_from_everywhere(
    storage: HostStorage,
) -> None:
    """Each of them has a higher count than the client."""
    floods = [
        FORK.Process(
            target=fail_from_everywhere, args=(storage, network, f"3/{ENDLESS}")
        )
        for network in range(2)
    ]
    for flood in floods:
        flood.start()
    clients = [f"client-{number}" for number in range(100)]
    admitted = dict.fromkeys(clients, 0)
    while any(flood.is_alive() for flood in floods) or max(admitted.values()) < 2:
        for client in clients:
            admitted[client] += take(storage, REQUESTS, client, f"2/{ENDLESS}")
    for flood in floods:
        flood.join()
        assert flood.exitcode == 0
    assert admitted == dict.fromkeys(clients, 2)


def test_a_client_s_last_window_is_held_for_as_long_as_it_fades(
    storage: HostStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window is over at its end, and its count is not: that of a day, for a day."""

    def set_clock(now: float) -> None:
        monkeypatch.setattr(storage_module, "read_seconds", lambda: now)

    day = 86400
    set_clock(1000 * day - 60)
    assert [take(storage, REQUESTS, "client", "2/day") for _ in "123"] == [1, 1, 0]
    set_clock(1000 * day)
    fail_from_everywhere(storage, 0, "3/minute")
    assert not take(storage, REQUESTS, "client", "2/day")
    set_clock(1000 * day + 0.75 * day)
    fail_from_everywhere(storage, 1, "3/minute")
    assert [take(storage, REQUESTS, "client", "2/day") for _ in "12"] == [1, 1]


def test_of_more_clients_than_there_is_room_for_the_most_active_are_kept(
    storage: HostStorage,
) -> None:
    active = [f"active-{number}" for number in range(100)]
    for client in active:
        assert [take(storage, REQUESTS, client, f"2/{ENDLESS}") for _ in "12"] == [1, 1]
    for number in range(3 * SLOTS):
        assert take(storage, REQUESTS, f"other-{number}", f"2/{ENDLESS}")
    assert not any(take(storage, REQUESTS, each, f"2/{ENDLESS}") for each in active)


def test_a_limit_of_the_longest_window_is_counted(storage: HostStorage) -> None:
    """Its seconds are more than a slot has room for."""
    admitted = [take(storage, REQUESTS, "client", "2/200 year") for _ in "123"]
    assert admitted == [True, True, False]
