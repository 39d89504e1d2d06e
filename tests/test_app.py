"""What create_app wires, and in which order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from faults import FAULTS, KINDS, copy_credit
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from irregular import IRREGULAR
from pipelines import CREDIT

from service.app import create_app
from service.settings import Settings
from service.web.access.auth import SCOPE, check_scopes
from service.web.flask_app import Service

# The routes that need no key. Whatever is added here is open to everybody.
PUBLIC = {
    "/",
    "/ping",
    "/version",
    "/v1/models/credit-risk",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/credit-risk",
    "/v2/models/credit-risk/ready",
    "/v2/models/credit-risk/versions/1.0.0",
    "/v2/models/credit-risk/versions/1.0.0/ready",
    "/health",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/*",
    "/docs",
    "/docs/<path:name>",
    "/page/<path:name>",
}


def test_hooks_run_in_the_order_of_the_request_path(app: Flask) -> None:
    hooks = [hook.__qualname__ for hook in app.before_request_funcs[None]]
    assert hooks == [
        "init_request_context.<locals>.open_context",
        "init_auth.<locals>.authenticate",
        "init_auth.<locals>.refuse_large",
    ]


def test_every_route_is_guarded_or_on_the_list(app: Flask) -> None:
    scopes = {
        rule.rule: getattr(app.view_functions[rule.endpoint], SCOPE)
        for rule in app.url_map.iter_rules()
    }
    assert {route for route, scope in scopes.items() if scope is None} == PUBLIC
    assert scopes["/v1/predict"] == "predict"
    assert scopes["/v1/model"] == "predict"


def test_a_route_that_declares_no_scope_stops_the_start() -> None:
    app = Flask("undecided", static_folder=None)
    app.add_url_rule("/open", "open", lambda: "open")
    with pytest.raises(RuntimeError, match="'open' declares no scope"):
        check_scopes(app)


def test_the_bounds_of_a_request_are_those_of_the_settings(
    keys: dict[str, str],
) -> None:
    app = create_app(
        Settings(
            artefact=CREDIT,
            api_keys_file=Path(keys["file"]),
            max_instances=2,
            max_string_length=5,
            max_body_bytes=1000,
        )
    )
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    for instances, status, said in (
        ([{"Home": "castle"}], 422, "must have at most 5 characters"),
        ([{}, {}, {}], 413, "more than the 2 that"),
        ([1000 * " "], 413, "over 1000 bytes"),
    ):
        response = client.post("/v1/predict", json={"instances": instances})
        assert response.status_code == status
        assert said in response.text


@pytest.mark.parametrize("fault", KINDS)
def test_a_faulty_artefact_stops_the_start_with_one_sentence(
    fault: str, tmp_path: Path, keys: dict[str, str]
) -> None:
    make, expected = FAULTS[fault]
    settings = Settings(
        artefact=make(copy_credit(tmp_path)), api_keys_file=Path(keys["file"])
    )
    with pytest.raises(SystemExit) as caught:
        create_app(settings)
    sentence = str(caught.value)
    assert sentence.startswith("The service does not start: ")
    assert expected in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), "SERVICE_ARTEFACT is not set"),
        (Settings(artefact=Path("absent")), "There is no artefact at absent"),
    ],
)
def test_no_artefact_is_nothing_to_serve(
    settings: Settings, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=expected):
        create_app(settings)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"keys": []}', b"[]", b"\xff", b'{"keys": [{"id": "a"}]}']
    + [
        json.dumps(
            {"keys": [{"id": "a", "client": "c", "sha256": digest, "scopes": []}]}
        ).encode()
        for digest in ("", "é" * 64, "A" * 64, "0" * 63)
    ],
)
def test_a_bad_key_file_stops_the_start_with_one_sentence(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(SystemExit, match=r"The key file .*keys\.json"):
        create_app(Settings(artefact=CREDIT, api_keys_file=path))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", IRREGULAR)
def test_a_key_file_that_is_no_regular_file_stops_the_start(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    IRREGULAR[kind](path)
    with pytest.raises(SystemExit, match=f"cannot be used: it is {kind}; put"):
        create_app(Settings(artefact=CREDIT, api_keys_file=path))


def test_a_missing_key_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="cannot be used: No such file"):
        create_app(Settings(artefact=CREDIT, api_keys_file=tmp_path / "absent"))


def test_a_prediction_log_without_a_folder_stops_the_start(
    keys: dict[str, str], tmp_path: Path
) -> None:
    for place in (tmp_path, tmp_path / "absent/log.jsonl"):
        settings = Settings(
            artefact=CREDIT, api_keys_file=Path(keys["file"]), prediction_log=place
        )
        with pytest.raises(SystemExit, match="SERVICE_PREDICTION_LOG"):
            create_app(settings)


def test_no_client_of_redis_is_imported_for_limits_of_one_host() -> None:
    asked = "import sys, service.app; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_two_slashes_are_no_route_and_lead_nowhere(client: FlaskClient) -> None:
    answer = client.post("/v1//predict", json={})
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert "Location" not in answer.headers


def test_a_hook_that_would_never_be_called_is_refused() -> None:
    blueprint = Blueprint("late", __name__)
    blueprint.after_request(lambda response: response)
    with pytest.raises(TypeError, match="'late'"):
        Service(__name__).register_blueprint(blueprint)
