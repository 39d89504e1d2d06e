"""deploy/compose.yaml agrees with the service, and with nginx.conf beside it."""

import re
import runpy
from typing import Any

import pytest
import yaml
from balancer import SERVERS
from pipelines import CREDIT, ROOT
from stack import REPLICAS

from rolling.docker import PROFILE
from rolling.stack import COLOURS, VARIABLES
from service.model.artefact.folder import read_artefact
from service.settings import Settings

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "deploy/compose.yaml").read_text()
)["services"]
NGINX = (ROOT / "deploy/nginx.conf").read_text()


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_is_given_what_the_service_takes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = SERVICES[name]
    environment = {key: str(value) for key, value in replica["environment"].items()}
    settings = Settings.from_environment(environment)
    assert settings.trusted_proxies == 1  # nginx
    assert settings.rate_limit_storage == "redis://redis:6379/0"
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    gunicorn = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert int(replica["stop_grace_period"].rstrip("s")) > gunicorn["graceful_timeout"]
    manifest = read_artefact(CREDIT).manifest
    assert replica["image"] == f"${{IMAGE:-{manifest.name}:{manifest.version}}}"


def read_seconds(directive: str) -> list[int]:
    return [int(value) for value in re.findall(rf"{directive} (\d+)s;", NGINX)]


def test_nginx_waits_for_an_answer_and_repeats_nothing_that_hung() -> None:
    [read_timeout] = read_seconds("proxy_read_timeout")
    gunicorn = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert gunicorn["timeout"] < read_timeout
    *_, repeats = read_seconds("proxy_next_upstream_timeout")
    assert repeats <= Settings().predict_timeout_seconds
    assert int(SERVICES["nginx"]["stop_grace_period"].rstrip("s")) > read_timeout


def test_the_largest_bodies_of_one_address_leave_room_in_nginx() -> None:
    [size] = re.findall(r"client_max_body_size (\d+);", NGINX)
    [count] = re.findall(r"limit_conn \w+ (\d+);", NGINX)
    assert int(size) == Settings().max_body_bytes
    [room] = re.findall(r"size=(\d+)m", "".join(SERVICES["nginx"]["tmpfs"]))
    assert int(size) * int(count) < int(room) * 2**20


def test_nginx_and_prometheus_know_each_replica() -> None:
    servers = {f"{name}:{Settings().port}" for name in REPLICAS}
    assert set(SERVERS) == servers
    assert set(re.findall(r"server (\S+:\d+) ", NGINX)) == servers
    addresses = {
        name: SERVICES[name]["networks"]["inside"]["ipv4_address"]
        for name in (*REPLICAS, *COLOURS["green"])
    }
    assert SERVICES["nginx"]["extra_hosts"] == addresses
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    job = prometheus["scrape_configs"][0]
    [scraped] = job["static_configs"]
    assert set(scraped["targets"]) == servers


def test_a_rollout_has_replicas_of_its_own_like_the_others() -> None:
    assert COLOURS["blue"] == REPLICAS
    for blue, green in zip(*COLOURS.values(), strict=True):
        own = ("image", "networks", "profiles")
        alike = [
            {key: value for key, value in SERVICES[name].items() if key not in own}
            for name in (blue, green)
        ]
        assert alike[0] == alike[1]
    for colour, names in COLOURS.items():
        images = {SERVICES[name]["image"].split(":-")[0] for name in names}
        assert images == {f"${{{VARIABLES[colour]}"}
    assert {SERVICES[name]["profiles"][0] for name in COLOURS["green"]} == {PROFILE}


def test_each_pool_of_nginx_has_the_replicas_of_its_colour() -> None:
    pools = (ROOT / "deploy/nginx/pools.conf").read_text()
    found = {
        name: re.findall(r"server (\S+):8000 ?(max_fails=3)?", body)
        for name, body in re.findall(r"upstream (\w+) \{(.*?)\n\}", pools, re.S)
    }
    first = {
        name: tuple(s for s, usual in each if usual) for name, each in found.items()
    }
    last = {
        name: tuple(s for s, usual in each if not usual) for name, each in found.items()
    }
    blue, green = COLOURS["blue"], COLOURS["green"]
    assert first == {"green": green, "canary_of_blue": green, "canary_of_green": blue}
    assert last == {"green": green, "canary_of_blue": blue, "canary_of_green": green}
