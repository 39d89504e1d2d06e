"""The judge beside real services: a canary that is good, and others that are not."""

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from balancer import ReservedPort
from canaries import make_shifted
from conftest import Serve
from pipelines import FITTED, ROOT, Fitted
from server import NO_TLS, PATIENCE_SECONDS, UNLIMITED, Server
from wine_versions import TOLERANCE, ask, release

from service.cli.main import main

Judge = Callable[..., tuple[int, dict[str, str]]]
Verdicts = Callable[[str], str]


@pytest.fixture(scope="module")
def wine() -> Fitted:
    return FITTED["wine"]()


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
        fitted = make_shifted(wine)
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
    blocks = re.findall(r"^```shell\n(.*?)^```", manual, re.M | re.S)
    [command] = [block for block in blocks if "service judge" in block]
    command = re.sub(r"http://10\.\S+", stable.url, command.replace("\\\n", ""))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics-key").write_text(stable.key)
    with pytest.raises(SystemExit) as end:
        main(shlex.split(command)[3:])
    assert end.value.code == 2
    assert capsys.readouterr().err == "FAIL  Both are version 1.0.0.\n"


@pytest.fixture
def verdicts(stable: Server, tmp_path: Path) -> Iterator[Verdicts]:
    """Start what answers verdicts of a canary; returns its address."""
    processes: list[subprocess.Popen[str]] = []
    key = tmp_path / "key"
    key.write_text(stable.key)

    def listen(canary: str) -> str:
        urls = ("--stable", stable.url, "--canary", canary, "--key-file", str(key))
        options = (*urls, *TOLERANCE, "--resolve", "--listen", "0")
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "judge", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        port = process.stdout.readline().split()[-1]
        return f"http://127.0.0.1:{port}/verdict"

    yield listen
    for process in processes:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert all("verdict" in json.loads(line) for line in out.splitlines())
        assert process.returncode == 0


def test_a_verdict_is_answered_to_whoever_asks(
    wine: Fitted, stable: Server, serve: Serve, verdicts: Verdicts, tmp_path: Path
) -> None:
    """As a rollout of Argo asks: neither of its conditions holds at the first look."""
    port = ReservedPort()
    own = {"SERVICE_API_KEYS_FILE": str(stable.keys_file), "PORT": str(port.number)}
    folder = release(make_shifted(wine), tmp_path / "canary", "1.1.0")
    canary = serve(folder, **UNLIMITED, **own)
    canary.key = stable.key
    url = verdicts(canary.url)
    for path, status in (
        ("?weight=much", 400),
        ("?weight=1&weight=2", 400),
        ("s", 404),
    ):
        assert httpx.get(url + path, verify=NO_TLS).status_code == status
    assert ask_verdict(url) == "undecided"
    for server in (stable, canary):
        ask(server, wine.X.to_dict("records"))
    assert ask_verdict(url) == "roll back"
    canary.stop()
    assert ask_verdict(url) == "roll back"
    again = serve(release(wine, tmp_path / "mended", "1.1.1"), **UNLIMITED, **own)
    assert ask_verdict(url) == "undecided"  # another version begins anew
    again.stop()
    port.free()


def ask_verdict(url: str) -> str:
    answer = httpx.get(
        url, params={"weight": "50"}, verify=NO_TLS, timeout=PATIENCE_SECONDS
    )
    return str(answer.raise_for_status().json()["verdict"])
