"""The doctor as a person runs it: what it prints, and its exit code."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from canned import CannedServers
from faults import copy_credit, make_other_library

from service.cli.main import main

METRICS = b'model_info{name="credit",version="1.0.0"} 1.0\nservice_workers_ready 2.0\n'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def canned() -> Iterator[CannedServers]:
    servers = CannedServers()
    yield servers
    servers.stop()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; returns its exit code, and what it printed."""

    def examine(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["doctor", *map(str, arguments)])
        assert isinstance(end.value.code, int)
        return end.value.code, *capsys.readouterr()

    return examine


def test_nothing_wrong_ends_with_0(
    run: Run, canned: CannedServers, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("secret\n")
    address = canned.serve(200, METRICS)
    code, out, err = run(address, "--key-file", key)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        f"credit 1.0.0 at {address}",
        "ok      nothing is wrong",
    ]
    assert canned.asked == ["/health/ready", "/metrics", "/v1/model"]


def test_something_wrong_ends_with_1(run: Run, tmp_path: Path) -> None:
    folder = make_other_library(copy_credit(tmp_path))
    code, out, _ = run(folder)
    assert code == 1
    assert out.splitlines()[1].startswith("wrong   artefact: The pipeline was fitted")
    code, out, _ = run(folder, "--json")
    found = json.loads(out)
    assert (code, found["is_wrong"]) == (1, True)
    assert found["findings"][0]["subject"] == "artefact"


def test_what_cannot_be_examined_ends_with_2(run: Run, tmp_path: Path) -> None:
    for arguments, sentence in (
        (["ftp://somewhere"], "is no address of HTTP."),
        (["http://127.0.0.1:1", "--key-file", tmp_path], "Is a directory"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert sentence in err
        assert err.startswith("FAIL  ")
        assert err.count("\n") == 1


def test_a_name_cannot_command_the_terminal(
    run: Run, canned: CannedServers, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("secret")
    address = canned.serve(
        200, METRICS.replace(b"credit", b"\x1b]0;owned\x07\xc2\x9b1m")
    )
    _, out, _ = run(address, "--key-file", key)
    assert out.startswith(r"\x1b]0;owned\x07\x9b1m 1.0.0 at ")


@pytest.mark.parametrize(
    "metrics",
    [
        b"model_info 1",
        b"service_workers Inf",
        b"service_workers NaN",
        b'http_requests_rejected_total{reason="no_key"} Inf',
        b'http_requests_rejected_total{reason="contract"} 1\n'
        b"model_contract_violations_total 1",
    ],
)
def test_metrics_that_are_not_ours_end_with_2(
    metrics: bytes, run: Run, canned: CannedServers, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("secret")
    address = canned.serve(200, METRICS + metrics + b"\n")
    code, _, err = run(address, "--key-file", key)
    assert code == 2
    assert "metrics that this service would not write" in err
