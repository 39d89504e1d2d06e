"""A server whose store of limits is far too small for all who call."""

from collections import Counter
from multiprocessing import get_context
from pathlib import Path

from conftest import Serve
from pipelines import CREDIT
from server import UNLIMITED, Server
from traffic import Traffic, ask, ask_anew

from service.setting_values import parse_limits
from service.web.access.count_table import SLOTS, find_table
from service.web.access.key_file import Terms, create_key
from service.web.access.storage import HostStorage
from service.web.budget import FAILURES, build_budget

LIMIT = "20/100 year"


def fail_from_everywhere(path: Path) -> None:
    """Fail at the server's store, as a worker notes it, from twice its room."""
    storage = HostStorage(path)
    for number in range(2 * SLOTS):
        [limit] = build_budget(FAILURES, f"10.0.0.{number}", parse_limits(LIMIT))
        for _ in range(3):
            storage.take(limit.key, limit.amount, limit.seconds, 1)


def fail_by_http(server: Server, addresses: int) -> set[int]:
    """Ask without a good key, as a proxy would for so many callers."""
    statuses = set()
    with server.connect("no key") as client:
        for number in range(addresses):
            address = f"192.168.{number // 256}.{number % 256}"
            client.headers["X-Forwarded-For"] = address
            statuses.add(ask(client).status_code)
    return statuses


def test_a_client_has_its_limit_among_more_addresses_than_there_is_room_for(
    serve: Serve,
) -> None:
    server = serve(
        CREDIT,
        **{**UNLIMITED, "SERVICE_RATE_LIMIT_FAILURES": LIMIT},
        SERVICE_TRUSTED_PROXIES="1",
    )
    terms = Terms(requests=LIMIT)
    key = create_key(server.keys_file, "limited", ("predict",), terms)
    server.wait_for_each_worker("keys_read")
    path = find_table(server.keys_file)
    flood = get_context("fork").Process(target=fail_from_everywhere, args=(path,))
    with Traffic(server, 1) as traffic:
        assert ask_anew(server, key, 1) == [200]
        flood.start()
        admitted = Counter[int]()
        while flood.is_alive():
            assert fail_by_http(server, 20) <= {401, 429}
            admitted.update(ask_anew(server, key, 1))
        flood.join()
        assert flood.exitcode == 0
        assert fail_by_http(server, 1000) <= {401, 429}
        admitted.update(ask_anew(server, key, 20))
    assert traffic.failures == []
    assert set(admitted) == {200, 429}
    assert admitted[200] == 19
