"""What the judge cannot use is told in one sentence, with the exit code 2."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from canned import CannedServers

from service.cli.main import main

METRICS = """\
model_info{{name="{name}",version="{version}"}} 1.0
service_workers_ready 2.0
http_request_duration_seconds_count{{route="/v1/predict",status="200"}} {count}
"""

Run = Callable[..., tuple[int, str, str]]


def write_metrics(version: str, name: str = "credit", count: int = 90) -> bytes:
    return METRICS.format(name=name, version=version, count=count).encode()


STABLE, CANARY = write_metrics("1.0.0"), write_metrics("1.1.0")


@pytest.fixture
def servers() -> Iterator[CannedServers]:
    servers = CannedServers()
    yield servers
    servers.stop()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; returns its exit code, and what it printed."""

    def judge(stable: str, canary: str, *options: object) -> tuple[int, str, str]:
        urls = ("--stable", stable, "--canary", canary)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["judge", *urls, *map(str, options)])
        assert isinstance(end.value.code, int)
        return end.value.code, *capsys.readouterr()

    return judge


def check_refusal(found: tuple[int, str, str], sentence: str) -> None:
    code, out, err = found
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("FAIL  ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (200, b"<html><body>Welcome</body></html>", "answers no metrics."),
        (
            200,
            b"go_goroutines 3\n",
            "has no metrics of a model: model_info is missing.",
        ),
        (200, b"\xff\xfe", "answers no text."),
        (401, b"", "answers 401: the key needs the scope metrics."),
        (404, b"", "answers 404."),
        (200, write_metrics("1.1.0", "wine"), "These are different models: wine and"),
        (200, STABLE, "Both are version 1.0.0."),
        (
            200,
            STABLE + CANARY,
            "The canary version is not one: credit 1.0.0, credit 1.1",
        ),
    ],
)
def test_an_address_of_something_else_is_one_sentence(
    status: int, content: bytes, sentence: str, servers: CannedServers, run: Run
) -> None:
    stable = servers.serve(200, STABLE)
    check_refusal(run(stable, servers.serve(status, content)), sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no file of this release's evidence."),
        ('{"format": 1, "looks": "many"}', "is no file of this release's evidence."),
        ("\xff", "is no file of this release's evidence."),
        ("{versions}", "The evidence is of other versions: begin with a new file."),
    ],
)
def test_a_state_of_something_else_is_one_sentence(
    text: str, sentence: str, servers: CannedServers, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    stable, canary = servers.serve(200, STABLE), servers.serve(200, CANARY)
    if text == "{versions}":
        other = servers.serve(200, write_metrics("1.2.0"))
        assert run(stable, other, "--state", path)[0] == 2
        text = path.read_text()
    path.write_bytes(text.encode("latin-1"))
    check_refusal(run(stable, canary, "--state", path), sentence)
    assert path.read_bytes() == text.encode("latin-1")


def test_files_and_addresses_that_are_not_there_are_one_sentence(
    servers: CannedServers, run: Run, tmp_path: Path
) -> None:
    stable, canary = servers.serve(200, STABLE), servers.serve(200, CANARY)
    gone = tmp_path / "gone" / "file"
    check_refusal(run(stable, canary, "--key-file", gone), "No such file or directory")
    check_refusal(run(stable, canary, "--state", gone), "No such file or directory")
    check_refusal(run(stable, canary, "--key-file", tmp_path), "Is a directory")
    check_refusal(run("stable:8000", canary), "is no address of HTTP.")
    nowhere = run("a", "b", "--prometheus", "nonsense")
    check_refusal(nowhere, "nonsense/api/v1/query is no address of HTTP.")
    check_refusal(run(stable, "https://localhost", "--resolve"), "must be http")
    busy = canary.rsplit(":", 1)[1]
    check_refusal(run(stable, canary, "--listen", busy), "Address already in use")


def test_without_a_state_it_looks_until_the_time_is_up(
    servers: CannedServers, run: Run
) -> None:
    stable, canary = servers.serve(200, STABLE), servers.serve(200, CANARY)
    code, out, _ = run(stable, canary, "--window", "0.01", "--json")
    assert (code, json.loads(out)["verdict"]) == (2, "undecided")
    assert servers.asked == ["/metrics"] * 4


def test_a_golden_record_that_differs_is_decided_at_once(
    servers: CannedServers, run: Run
) -> None:
    wrong = CANARY + b"model_golden_mismatch_workers 1.0\n"
    stable, canary = servers.serve(200, STABLE), servers.serve(200, wrong)
    code, out, _ = run(stable, canary, "--window", "3600")
    assert (code, out.splitlines()[-1]) == (1, "roll back")
    assert servers.asked == ["/metrics"] * 2
