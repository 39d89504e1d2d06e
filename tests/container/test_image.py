"""The image: what is in it, and that it runs where nearly everything is forbidden."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from containers import Container, build, require_engine, run_docker
from pipelines import CREDIT

from service.model.artefact import read_artefact
from service.web.keys import create_key

pytestmark = pytest.mark.container

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]
MAX_BYTES = 400e6

LIST = r"""
import os
for folder, _, names in os.walk("/"):
    if not folder.startswith(("/proc", "/sys", "/dev")):
        for name in names:
            path = os.path.join(folder, name)
            print(path)
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    require_engine()
    tag = build(CREDIT, "model-service-test:credit")
    yield tag
    run_docker("rmi", "--force", tag)


@pytest.fixture(scope="module")
def files(image: str) -> list[str]:
    """The paths of the image's files."""
    run = ("run", "--rm", "--network", "none", "--user", "0", image, "python", "-c")
    listed: str = run_docker(*run, LIST)
    return listed.splitlines()


@pytest.fixture
def container(image: str, tmp_path: Path) -> Iterator[tuple[Container, str]]:
    """A hardened container, and a key to it."""
    keys_file = tmp_path / "api-keys.json"
    key = create_key(keys_file, "tests", ("predict",))
    keys_file.chmod(0o444)  # the engine's user is another
    running = Container(image, keys_file)
    yield running, key
    running.remove()


def test_the_image_says_what_it_is(image: str) -> None:
    [found] = json.loads(run_docker("inspect", image))
    config, artefact = found["Config"], read_artefact(CREDIT)
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Cmd"][0] == "gunicorn"
    assert found["Size"] < MAX_BYTES
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "credit-risk"
    assert labels["org.opencontainers.image.version"] == "1.0.0"
    assert labels["model.manifest.digest"] == f"sha256:{artefact.digest}"


def test_the_image_holds_what_serves_and_nothing_else(files: list[str]) -> None:
    ours = {path for path in files if path.startswith(("/app/", "/model/"))}
    assert "/model/manifest.json" in ours
    assert not [path for path in ours if "test" in path or path.endswith(".csv")]
    for part in ("/pip/", "/pytest/", "/.cache/", "/tests/", "/train.py"):
        assert not [p for p in files if part in p and p.startswith(("/opt", "/root"))]


def test_it_serves_hardened_and_answers_as_training_did(
    container: tuple[Container, str],
) -> None:
    running, key = container
    running.wait_until_healthy()
    body = json.dumps({"instances": [record["instance"] for record in GOLDEN]})
    answer = running.ask(key, body.encode())
    assert answer["predictions"] == [record["prediction"] for record in GOLDEN]
    assert running.stop() == 0
    assert {line["level"] for line in running.read_log()} == {"INFO"}
