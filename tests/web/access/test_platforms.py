"""Whoever a platform lets in needs no key, there and nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT

from service.app import create_app
from service.settings import Settings, SettingsError
from service.web.access.key_file import create_key
from service.web.access.platforms import find_platform

TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]["instance"]
BODY = {"instances": [TYPICAL]}
ROUTES = {"sagemaker": "/invocations", "vertex-ai": "/vertex:predict"}
SIGNS = {
    "sagemaker": {"SAGEMAKER_BIND_TO_PORT": "8080"},
    "vertex-ai": {
        "AIP_MODE": "PREDICTION",
        "AIP_HTTP_PORT": "8080",
        "AIP_PREDICT_ROUTE": "/vertex:predict",
    },
}


def start(folder: Path, platform: str | None, **options: Any) -> FlaskClient:
    settings = Settings(
        artefact=CREDIT,
        api_keys_file=folder / "keys.json",
        trusted_platform=platform,  # type: ignore[arg-type]
        vertex_predict_route=ROUTES["vertex-ai"],
        **options,
    )
    return create_app(settings).test_client()


@pytest.mark.parametrize("platform", ROUTES)
def test_its_routes_alone_are_open(tmp_path: Path, platform: str) -> None:
    client = start(tmp_path, platform)  # where there is no file of keys
    for name, route in ROUTES.items():
        headers: dict[str, str]
        for headers in ({}, {"Authorization": "Bearer of.the.platform"}):
            response = client.post(route, json=BODY, headers=headers)
            assert response.status_code == (200 if name == platform else 401)
    for route in ("/v1/predict", "/v1/models/credit-risk:predict"):
        assert client.post(route, json=BODY).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert client.get("/v1/model").status_code == 401


def test_none_is_trusted_unless_a_setting_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SIGNS["sagemaker"], **SIGNS["vertex-ai"]}.items():
        monkeypatch.setenv(name, value)
    create_key(tmp_path / "keys.json", "scoring", ("predict",))
    client = start(tmp_path, None)
    for route in ROUTES.values():
        assert client.post(route, json=BODY).status_code == 401


def test_its_callers_are_one_client_with_limits(tmp_path: Path) -> None:
    client = start(tmp_path, "sagemaker", rate_limit_instances="3/100 year")
    assert (
        client.post("/invocations", json={"instances": [TYPICAL] * 3}).status_code
        == 200
    )
    response = client.post("/invocations", json=BODY)
    assert response.status_code == 429
    assert "instances" in response.headers["RateLimit"]


def test_a_key_is_its_own_clients_still(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys.json", "scoring", ("metrics",))
    client = start(tmp_path, "sagemaker")
    headers = {"X-API-Key": key}
    response = client.post("/invocations", json=BODY, headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize("platform", ROUTES)
def test_no_key_shares_its_budget(tmp_path: Path, platform: str) -> None:
    create_key(tmp_path / "keys.json", platform, ("predict",))
    start(tmp_path, None)
    with pytest.raises(SystemExit, match="has the name of the platform"):
        start(tmp_path, platform)


@pytest.mark.parametrize("platform", ROUTES)
@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.1"])
def test_it_is_refused_where_others_may_reach_it(platform: str, host: str) -> None:
    settings = Settings(trusted_platform=platform, host=host)  # type: ignore[arg-type]
    signs = SIGNS[platform]
    assert find_platform(settings, signs) == platform
    for name in signs:
        rest = {key: value for key, value in signs.items() if key != name}
        with pytest.raises(SettingsError, match=f"{name}, which it sets, is missing"):
            find_platform(settings, rest)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_on_this_host_alone_it_may_be_tried(host: str) -> None:
    settings = Settings(trusted_platform="sagemaker", host=host)
    assert find_platform(settings, {}) == "sagemaker"
    behind = Settings(trusted_platform="sagemaker", host=host, trusted_proxies=1)
    with pytest.raises(SettingsError, match="SERVICE_TRUSTED_PROXIES"):
        find_platform(behind, SIGNS["sagemaker"])


def test_a_file_of_keys_that_comes_later_is_read(tmp_path: Path) -> None:
    client = start(tmp_path, "sagemaker")
    key = create_key(tmp_path / "keys.json", "scoring", ("predict",))
    keyring = client.application.extensions["lifecycle"].keyring
    keyring.begin_worker()
    headers = {"X-API-Key": key}
    assert client.get("/v1/model", headers=headers).status_code == 200
