"""The image: what is in it, and that it runs where nearly everything is forbidden."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from containers import (
    HARDENED,
    PATIENCE_SECONDS,
    Container,
    build,
    require_engine,
    run_docker,
    try_to_build,
)
from faults import copy_credit, make_other_library
from joblib import cpu_count
from packaging.markers import Marker
from packaging.utils import canonicalize_name
from pipelines import CREDIT, ROOT

from service.model.artefact.folder import read_artefact

pytestmark = pytest.mark.container

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


# What the image is built from; .git says which commit it is.
CHECKOUT = (
    *("Dockerfile", ".dockerignore", "service", "gunicorn.conf.py"),
    *("requirements.txt", "requirements-sbom.txt"),
)


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


def test_the_image_has_the_structure_that_ops_expect(image: str) -> None:
    program = Path(sys.executable).with_name("container-structure-test")
    config = Path(__file__).with_name("structure.yaml")
    test = (str(program), "test", "--image", image, "--config", str(config))
    done = subprocess.run(test, capture_output=True, text=True, check=False)
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


def copy_checkout(to: Path) -> Path:
    """Return a copy as another user may have it: with other times and modes."""
    for name in (*CHECKOUT, CREDIT.relative_to(ROOT)):
        source, target = ROOT / name, to / name
        if source.is_dir():
            shutil.copytree(source, target, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, target)
    for path in to.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o640)
    (to / ".git").symlink_to(ROOT / ".git")
    return to


def test_two_builds_of_one_commit_are_one_image(image: str, tmp_path: Path) -> None:
    """Content, modes, times and labels, to the last bit: an image's id is a digest."""
    copy = copy_checkout(tmp_path)
    artefact = copy / CREDIT.relative_to(ROOT)
    again = build(artefact, f"{image}-again", "--no-cache", source=copy)
    found = json.loads(run_docker("inspect", image, again))
    assert found[0]["RootFS"] == found[1]["RootFS"]
    assert found[0]["Id"] == found[1]["Id"]
    run_docker("rmi", again)


def test_docker_alone_builds_the_same_files(image: str) -> None:
    """As the README has it, without labels."""
    folder = str(CREDIT.relative_to(ROOT))
    chosen = ("--build-arg", f"ARTEFACT={folder}", "--tag", f"{image}-plain")
    run_docker("build", "--network=host", *chosen, str(ROOT))
    found = json.loads(run_docker("inspect", image, f"{image}-plain"))
    assert found[0]["RootFS"] == found[1]["RootFS"]
    run_docker("rmi", f"{image}-plain")


def test_the_image_lists_its_packages_as_the_lock_has_them(image: str) -> None:
    run = ("run", "--rm", "--network", "none", image)
    bill = json.loads(run_docker(*run, "cat", "/app/sbom.cdx.json"))
    assert bill["bomFormat"] == "CycloneDX"
    version = run_docker(
        *run, "python", "-c", "import platform as p; print(p.python_version())"
    )
    python = {"python_full_version": version.strip()}
    pins = re.findall(
        r"^(\S+)==(\S+) (?:; (.*) )?\\$", (ROOT / "requirements.txt").read_text(), re.M
    )
    locked = {
        name: version
        for name, version, marker in pins
        if not marker or Marker(marker).evaluate(python)
    }
    assert {"scikit-learn", "flask", "numpy"} <= locked.keys()
    listed = {canonicalize_name(c["name"]): c["version"] for c in bill["components"]}
    assert listed == locked


def test_what_would_not_serve_is_not_built(image: str, tmp_path: Path) -> None:
    artefact = make_other_library(copy_credit(tmp_path))
    done = try_to_build(artefact, f"{image}-not")
    assert done.returncode == 1
    assert "scikit-learn 1.8.2" in done.stderr


def test_the_image_knows_the_quota_of_its_container(image: str) -> None:
    run = ("run", "--rm", "--network", "none", "--cpus", "1.5", image, "python", "-c")
    code = "from joblib import cpu_count; print(cpu_count())"
    assert run_docker(*run, code).strip() == str(min(2, cpu_count()))


def read_commands(image: str, volume: str) -> list[list[str]]:
    """Return what the README runs, with a volume of its own and no network."""
    readme = (ROOT / "README.md").read_text().replace("\\\n", "")
    lines = re.findall("^docker (run .*credit-risk:1.0.0.*)", readme, re.M)
    changes = {
        "credit-risk:1.0.0": image,
        "keys:/keys": f"{volume}:/keys",
        "-p 127.0.0.1:8000:8000": "--detach --network none",
    }
    for old, new in changes.items():
        lines = [line.replace(old, new) for line in lines]
    return [shlex.split(line) for line in lines]


def test_a_key_made_as_shown_opens_the_image_until_it_is_revoked(image: str) -> None:
    volume = f"model-service-test-{os.getpid()}"
    create, serve = read_commands(image, volume)
    with ExitStack() as stack:
        stack.callback(run_docker, "volume", "rm", "--force", volume)
        key = run_docker(*create).strip()
        container = Container(serve, key)
        stack.callback(container.remove)
        container.wait_until_healthy()
        assert container.ask("/v1/model").status == 200
        key_command = create[: create.index("create")]
        run_docker(*key_command, "revoke", key.split("_")[1])
        end = time.monotonic() + PATIENCE_SECONDS
        while (answer := container.ask("/v1/model")).status == 200:
            assert time.monotonic() < end
        assert answer.status == 401  # by the first worker that has seen it


def test_the_image_is_served_as_sagemaker_starts_it(image: str) -> None:
    """By `serve`, on 8080, for callers of its network, which pass no key."""
    trusted = ("--env", "SERVICE_TRUSTED_PLATFORM=sagemaker")
    run = ("run", "--detach", *HARDENED, *trusted, image, "serve")
    record = json.loads((CREDIT / "golden.json").read_text())["records"][0]
    body = ",".join(map(str, record["instance"].values()))
    headers = {"Content-Type": "text/csv"}
    code = f"""
import urllib.request as u
url = "http://127.0.0.1:8080"
assert u.urlopen(url + "/ping").status == 200
asked = u.Request(url + "/invocations", {body.encode()!r}, {headers!r})
print(u.urlopen(asked).read().decode())
"""
    container = Container(run, "")
    try:
        container.wait_for("ready")
        answer = run_docker("exec", container.id, "python", "-c", code)
        assert json.loads(answer)["predictions"] == [record["prediction"]]
        assert container.stop() == 0
    finally:
        container.remove()
