"""The commands, run as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from faults import FAULTS, KINDS, copy_credit, make_other_golden
from pipelines import CREDIT, ROOT

from service.cli.main import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_says_what_it_found() -> None:
    done = run("check", str(CREDIT))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("ok ") for line in lines)
    assert "its plan agrees with scikit-learn to 0" in lines[2]


def test_check_fails_with_one_line(tmp_path: Path) -> None:
    done = run("check", str(make_other_golden(copy_credit(tmp_path))))
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("FAIL  Golden record 7")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("impatient")
def test_a_command_does_not_wait_for_a_named_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key file's, and the artefact's; test_artefact.py sees to its other files."""
    folder = copy_credit(tmp_path)
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    keys = tmp_path / "keys.json"
    os.mkfifo(keys)
    named = ("--file", str(keys))
    for command in (
        ("check", str(folder)),
        ("key", "list", *named),
        ("key", "revoke", "a", *named),
        ("key", "create", "--client", "a", "--scope", "predict", *named),
    ):
        with pytest.raises(SystemExit):
            main(command)
        [sentence] = capsys.readouterr().err.splitlines()
        assert "it is a named pipe" in sentence


@pytest.mark.parametrize("fault", KINDS)
def test_check_finds_each_fault(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, expected = FAULTS[fault]
    with pytest.raises(SystemExit) as caught:
        main(["check", str(make(copy_credit(tmp_path)))])
    assert caught.value.code == 1
    assert expected in capsys.readouterr().err


def test_inspect_prints_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", str(CREDIT)])
    card = capsys.readouterr().out
    for part in ("# credit-risk 1.0.0", "auc", "| Age | integer | yes | 18 to 120 |"):
        assert part in card


def test_key_create_prints_the_key_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    options = ["key", "create", "--client", "team", "--file", str(path)]
    main([*options, "--scope", "predict", "--scope", "metrics"])
    printed = capsys.readouterr().out
    assert printed.startswith("msk_")
    assert len(printed.splitlines()) == 1
    [entry] = json.loads(path.read_text())["keys"]
    assert entry["client"] == "team"
    assert entry["scopes"] == ["predict", "metrics"]
    assert set(entry) == {"id", "client", "sha256", "scopes"}


def test_key_create_takes_the_file_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("SERVICE_API_KEYS_FILE", str(path))
    main(["key", "create", "--client", "team", "--scope", "predict"])
    assert path.exists()


def test_a_command_without_its_settings_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SERVICE_API_KEYS_FILE", raising=False)
    with pytest.raises(SystemExit):
        main(["key", "create", "--client", "team", "--scope", "predict"])
    assert "SERVICE_API_KEYS_FILE" in capsys.readouterr().err
