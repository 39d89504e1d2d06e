"""The image: what is in it, and that it runs where nearly everything is forbidden."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from containers import Container, build, require_engine, run_docker
from pipelines import CREDIT

from service.model.artefact import read_artefact
from service.web.keys import create_key

pytestmark = pytest.mark.container

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]
TARGET_BYTES = 400e6

# Prints each file with its size, once where it has several names.
LIST = """
import os, stat
seen = set()
for folder, names, files in os.walk("/"):
    names[:] = [n for n in names if not os.path.ismount(os.path.join(folder, n))]
    for path in (os.path.join(folder, name) for name in files):
        found = os.lstat(path)
        if stat.S_ISREG(found.st_mode):
            print(0 if found.st_ino in seen else found.st_size, path)
            seen.add(found.st_ino)
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    require_engine()
    tag = build(CREDIT, "model-service-test:credit")
    yield tag
    run_docker("rmi", "--force", tag)


@pytest.fixture(scope="module")
def files(image: str) -> dict[str, int]:
    """The paths of the image's files, and how many bytes each has."""
    run = ("run", "--rm", "--network", "none", "--user", "0", image, "python", "-c")
    lines = run_docker(*run, LIST).splitlines()
    return {path: int(size) for size, path in (line.split(" ", 1) for line in lines)}


@pytest.fixture
def container(image: str, tmp_path: Path) -> Iterator[tuple[Container, str]]:
    """A hardened container, and a key to it."""
    keys_file = tmp_path / "api-keys.json"
    key = create_key(keys_file, "tests", ("predict",))
    keys_file.chmod(0o444)  # the engine's user is another
    running = Container(image, keys_file)
    yield running, key
    running.remove()


def test_the_image_has_the_structure_that_ops_expect(image: str) -> None:
    program = Path(sys.executable).with_name("container-structure-test")
    config = Path(__file__).with_name("structure.yaml")
    command = [program, "test", "--image", image, "--config", config, "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_names_the_very_artefact(image: str) -> None:
    [found] = json.loads(run_docker("inspect", image))
    digest = found["Config"]["Labels"]["model.manifest.digest"]
    assert digest == f"sha256:{read_artefact(CREDIT).digest}"
    assert found["Config"]["StopSignal"] == "SIGTERM"


def test_the_image_is_small(image: str, files: dict[str, int]) -> None:
    [found] = json.loads(run_docker("inspect", image))
    assert found["Size"] < TARGET_BYTES
    assert sum(files.values()) < TARGET_BYTES


def test_the_image_holds_what_serves_and_nothing_else(files: dict[str, int]) -> None:
    artefact = {f"/model/{p.relative_to(CREDIT)}" for p in CREDIT.rglob("*.*")}
    assert {path for path in files if path.startswith("/model/")} == artefact
    ours = [path for path in files if path.startswith("/app/")]
    assert "/app/service/app.py" in ours
    assert not [path for path in ours if "test" in path or path.endswith(".csv")]
    for part in ("/pip/", "/setuptools/", "/pytest/", "/tests/", "/conftest.py"):
        assert not [p for p in files if part in p and p.startswith("/venv/")]
    assert not [p for p in files if "_history" in p or "/.cache/" in p]


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
