"""The judge beside real services: a canary that is good, and others that are not."""

import json
import re
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from pipelines import FITTED, ROOT, Fitted
from server import UNLIMITED, Server
from sklearn.base import clone

from service.cli.main import main
from service.model import package

# Enough for a shift of a third to be told from none.
REQUESTS = 600
TOLERANCE = ("--max-shift", "0.35", "--max-errors", "0.1")

Judge = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture(scope="module")
def wine() -> Fitted:
    return FITTED["wine"]()


def release(fitted: Fitted, to: Path, version: str, **options: Any) -> Path:
    options = {**fitted.options, **options}
    pipeline, X, y = fitted.pipeline, fitted.X, fitted.y
    return package(pipeline, X, y, name="wine", version=version, to=to, **options)


@pytest.fixture(scope="module")
def stable(
    wine: Fitted, serve_module: Serve, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    folder = release(wine, tmp_path_factory.mktemp("stable"), "1.0.0")
    return serve_module(folder, **UNLIMITED)


@pytest.fixture
def judge(stable: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Run the command on a canary; returns its exit code, and what each figure says."""
    key = tmp_path / "key"
    key.write_text(f"{stable.key}\n")
    evidence = str(tmp_path / "evidence.json")

    def run(canary: str, *options: str) -> tuple[int, dict[str, str]]:
        urls = ("--stable", stable.url, "--canary", canary, "--key-file", str(key))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["judge", *urls, "--state", evidence, *TOLERANCE, *options, "--json"])
        printed = json.loads(capsys.readouterr().out)
        assert isinstance(end.value.code, int)
        return end.value.code, {r["figure"]: r["finding"] for r in printed["reasons"]}

    return run


def ask(server: Server, instances: list[dict[str, Any]]) -> None:
    """Ask for one instance at a time, over four connections."""

    def ask_some(offset: int) -> None:
        with server.connect() as client:
            for number in range(offset, REQUESTS, 4):
                instance = instances[number % len(instances)]
                client.post("/v1/predict", json={"instances": [instance]})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask_some, range(4)))


@pytest.mark.parametrize(
    ("fault", "figure"), [("", ""), ("units", "labels"), ("contract", "refused")]
)
def test_a_canary_is_promoted_or_rolled_back(  # noqa: PLR0917 - fixtures
    fault: str,
    figure: str,
    wine: Fitted,
    stable: Server,
    judge: Judge,
    serve: Serve,
    tmp_path: Path,
) -> None:
    fitted, options = wine, dict[str, Any]()
    if fault == "units":
        other = clone(wine.pipeline).fit(2 * wine.X, wine.y)
        fitted = replace(wine, pipeline=other)
    if fault == "contract":
        options = {"features": {"alcohol": {"minimum": 13.0}}}
    folder = release(fitted, tmp_path / "canary", "1.1.0", **options)
    canary = serve(folder, **UNLIMITED, SERVICE_API_KEYS_FILE=str(stable.keys_file))
    canary.key = stable.key
    code, findings = judge(canary.url)
    assert (code, set(findings.values())) == (2, {"open"})

    for server in (stable, canary):
        ask(server, wine.X.to_dict("records"))

    code, findings = judge(canary.url)
    # How long answers take is up to the machine, too: it decides a good canary alone.
    by_latency = {"alike": 0, "open": 2, "worse": 1}[findings.pop("latency")]
    if not fault:
        assert (code, set(findings.values())) == (by_latency, {"alike"})
    else:
        assert code == 1
        assert findings[figure] == "worse"
        assert findings["errors"] != "worse"


def test_a_canary_that_does_not_answer_is_rolled_back(
    judge: Judge, serve: Serve, wine: Fitted, tmp_path: Path
) -> None:
    gone = serve(release(wine, tmp_path / "canary", "1.1.0"))
    gone.stop()
    code, findings = judge(gone.url)
    assert (code, findings) == (1, {"state": "worse"})


def test_one_replica_of_several_that_does_not_answer_decides_nothing(
    stable: Server, judge: Judge, serve: Serve, wine: Fitted, tmp_path: Path
) -> None:
    folder = release(wine, tmp_path / "canary", "1.1.0")
    canary = serve(folder, SERVICE_API_KEYS_FILE=str(stable.keys_file))
    gone = serve(folder)
    gone.stop()
    code, findings = judge(canary.url, "--canary", canary.url, gone.url)
    assert (code, findings["state"]) == (2, "open")


def test_the_command_of_the_manual_is_understood(
    stable: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With a canary that is no canary, which is told in one sentence."""
    manual = (ROOT / "docs/updates.md").read_text()
    command = re.findall(r"^```shell\n(.*?)^```", manual, re.M | re.S)[0]
    command = re.sub(r"http://10\.\S+", stable.url, command.replace("\\\n", ""))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics-key").write_text(stable.key)
    with pytest.raises(SystemExit) as end:
        main(shlex.split(command)[3:])
    assert end.value.code == 2
    assert capsys.readouterr().err == "FAIL  Both are version 1.0.0.\n"
