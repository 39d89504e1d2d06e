"""The stack: one replica may die and one restart under load, and limits are of both."""

import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from containers import build, require_engine, run_docker
from pipelines import CREDIT
from server import PATIENCE_SECONDS
from stack import PROJECT, REPLICAS, Stack
from traffic import Traffic, ask, fire

pytestmark = pytest.mark.container


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, which every test leaves whole."""
    require_engine()
    image = build(CREDIT, f"{PROJECT}:credit")
    stack = Stack(image, tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.remove()
        run_docker("rmi", "--force", image)


def count_predictions(stack: Stack, client: str) -> Counter[str]:
    """Count what each replica has predicted for a client."""
    return Counter(
        name
        for name in REPLICAS
        for line in stack.read_log(name)
        if line["event"] == "request"
        and line["client"] == client
        and line["status"] == 200
    )


def test_every_part_runs_hardened(stack: Stack) -> None:
    parts = stack.inspect()
    assert parts.keys() == {*REPLICAS, "nginx", "redis", "prometheus"}
    for part in parts.values():
        host = part["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["Memory"] == 512 * 2**20
        assert host["PidsLimit"] == 200
        assert part["Config"]["User"] not in ("", "0", "root")


def test_the_replicas_give_a_budget_once(stack: Stack) -> None:
    statuses = fire([stack], 400, key=stack.limited)
    assert statuses == {200: 200, 429: 200}
    counted = count_predictions(stack, "limited")
    assert counted.keys() == set(REPLICAS)
    assert counted.total() == 200


def test_one_killed_and_one_restarted_lose_no_request_of_5000(stack: Stack) -> None:
    with Traffic(stack, 8) as traffic:
        traffic.wait_for(1000)
        stack.compose("kill", "service-1")
        traffic.wait_for(1000)
        stack.start("service-1")
        traffic.wait_for(1000)
        stack.compose("restart", "service-2")
        stack.start("service-2")
        traffic.wait_for(1000)
        # As another version takes its place.
        stack.start("--no-deps", "--force-recreate", "service-1")
        traffic.wait_for(1000)
    assert traffic.failures == []


def test_nginx_starts_while_a_replica_is_away(stack: Stack) -> None:
    stack.compose("kill", "service-1")
    stack.compose("restart", "nginx")
    stack.start("--no-deps", "nginx")
    with stack.connect() as client:
        assert ask(client).status_code == 200
    stack.start("service-1")


def test_prometheus_reads_each_replica(stack: Stack) -> None:
    url = stack.find_url("prometheus", 9090)
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": "up"})
        found = {
            each["metric"]["instance"]: each["value"][1]
            for each in answer.json()["data"]["result"]
        }
        if found == {f"{name}:8000": "1" for name in REPLICAS}:
            return
        assert time.monotonic() < end, found
