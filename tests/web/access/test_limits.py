"""What a client may spend, in process."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

from service.app import create_app
from service.model.artefact.golden import decode_golden
from service.settings import Settings
from service.web.access.key_file import Terms, create_key
from service.web.access.limits import find_network

INSTANCE = decode_golden((CREDIT / "golden.json").read_bytes()).records[0].instance


def build(folder: Path, **limits: str | int) -> Flask:
    keys_file = folder / "keys.json"
    if not keys_file.exists():
        create_key(keys_file, "first", ("predict",))
    return create_app(Settings(artefact=CREDIT, api_keys_file=keys_file, **limits))  # type: ignore[arg-type]


def ask(client: FlaskClient, key: str, instances: int = 1) -> TestResponse:
    body = {"instances": instances * [INSTANCE]}
    return client.post("/v1/predict", json=body, headers={"X-API-Key": key})


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_client_is_limited_and_another_is_not(keys_file: Path) -> None:
    one = create_key(keys_file, "one", ("predict",))
    two = create_key(keys_file, "two", ("predict",))
    client = build(keys_file.parent, rate_limit_requests="3/day").test_client()
    assert [ask(client, one).status_code for _ in range(5)] == [200] * 3 + [429] * 2
    assert ask(client, two).status_code == 200


def test_two_keys_of_one_client_share_its_budget(keys_file: Path) -> None:
    old = create_key(keys_file, "one", ("predict",))
    new = create_key(keys_file, "one", ("predict",))
    client = build(keys_file.parent, rate_limit_requests="2/day").test_client()
    statuses = [ask(client, key).status_code for key in (old, new, old, new)]
    assert statuses == [200, 200, 429, 429]


def test_an_instance_costs_one_and_one_too_many_none(keys_file: Path) -> None:
    key = create_key(keys_file, "one", ("predict",))
    client = build(keys_file.parent, rate_limit_instances="10/day").test_client()
    statuses = [ask(client, key, count).status_code for count in (6, 6, 4, 1)]
    assert statuses == [200, 429, 200, 429]
    assert ask(client, key, 11).status_code == 413


def send(client: FlaskClient, key: str, body: str) -> int:
    answer = client.post(
        "/v1/predict",
        data=body,
        content_type="application/json",
        headers={"X-API-Key": key},
    )
    return answer.status_code


@pytest.mark.parametrize(
    "body", ['{"instances": [{}, {}]}', '{"instances": [1, null], "x": 1}']
)
def test_instances_that_are_refused_are_spent(keys_file: Path, body: str) -> None:
    key = create_key(keys_file, "one", ("predict",))
    client = build(keys_file.parent, rate_limit_instances="5/day").test_client()
    assert [send(client, key, body) for _ in range(4)] == [422, 422, 429, 429]
    assert [ask(client, key).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ('{"instances": [{"a": 1, "a": 1}]}', 400),
        ('{"instances": [{}, {}, {}]}', 413),
        ('{"instances": [' + "{}," * 10**5 + "{}]}", 413),
        ('{"instances": []}', 422),
        ('{"instances": {"a": 1}}', 422),
        ("[{}, {}]", 422),
    ],
)
def test_where_no_instance_is_read_none_is_spent(
    keys_file: Path, body: str, status: int
) -> None:
    key = create_key(keys_file, "one", ("predict",))
    app = build(keys_file.parent, rate_limit_instances="2/day", max_instances=2)
    client = app.test_client()
    assert {send(client, key, body) for _ in range(3)} == {status}
    assert ask(client, key, 2).status_code == 200


def test_a_request_beyond_the_limit_is_not_validated(keys_file: Path) -> None:
    key = create_key(keys_file, "one", ("predict",))
    client = build(keys_file.parent, rate_limit_instances="2/day").test_client()
    assert send(client, key, '{"instances": [{}, {}, {}]}') == 413
    assert ask(client, key, 2).status_code == 200
    assert send(client, key, '{"instances": [{}]}') == 429


def test_a_key_has_a_limit_of_its_own(keys_file: Path) -> None:
    key = create_key(keys_file, "one", ("predict",), Terms(requests="1/day"))
    client = build(keys_file.parent).test_client()
    assert [ask(client, key).status_code for _ in range(2)] == [200, 429]


def test_headers_are_the_ietf_ones_and_retry_after_comes_with_429_alone(
    keys_file: Path,
) -> None:
    key = create_key(keys_file, "one", ("predict",))
    app = build(
        keys_file.parent, rate_limit_requests="2/day", rate_limit_instances="9/day"
    )
    good, _, refused = (ask(app.test_client(), key, 2) for _ in range(3))
    assert good.headers["RateLimit-Policy"] == (
        '"requests";q=2;w=86400, "instances";q=9;w=86400'
    )
    assert good.headers["RateLimit"].startswith('"requests";r=1;t=')
    assert '"instances";r=7;t=' in good.headers["RateLimit"]
    assert "Retry-After" not in good.headers
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 2 * 86400


def test_guessing_is_limited_and_uses_up_no_client(keys_file: Path) -> None:
    key = create_key(keys_file, "one", ("predict",))
    app = build(
        keys_file.parent, rate_limit_failures="2/day", rate_limit_requests="2/day"
    )
    client = app.test_client()
    statuses = [ask(client, f"{key[:-1]}!").status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert ask(client, key).status_code == 200
    elsewhere = client.get("/v1/model", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 401


def test_what_lacks_a_scope_is_charged_too(keys_file: Path) -> None:
    key = create_key(keys_file, "one", ("metrics",))
    client = build(keys_file.parent, rate_limit_requests="2/day").test_client()
    assert [ask(client, key).status_code for _ in range(3)] == [403, 403, 429]


def test_health_is_never_limited(keys_file: Path) -> None:
    client = build(keys_file.parent, rate_limit_requests="1/day").test_client()
    assert {client.get("/health/ready").status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
    ],
)
def test_a_caller_with_a_whole_network_is_one(address: str, network: str) -> None:
    assert find_network(address) == network
