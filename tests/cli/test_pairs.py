"""The command compares what two versions logged, and keeps bounds as `compare` does."""

import json
from pathlib import Path

import pytest

from service.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command; returns its exit code, and what it printed."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["pairs", *map(str, arguments)])
    assert isinstance(end.value.code, int)
    return end.value.code, *capsys.readouterr()


@pytest.fixture
def logs(tmp_path: Path) -> list[Path]:
    """A log of each version; a tenth of the labels and of the ids are others."""
    paths = []
    for version in ("1.0.0", "1.1.0"):
        lines = [
            json.dumps(
                {
                    "request_id": f"r{number or version}",
                    **{"model": "credit", "version": version},
                    "instances": [{"Home": "rent"}],
                    "predictions": [
                        {"label": "bad" if number == 1 else "good", "value": 0.5}
                        if version == "1.1.0"
                        else {"label": "good", "value": 0.25}
                    ],
                }
            )
            for number in range(10)
        ]
        paths.append(tmp_path / f"{version}.jsonl")
        paths[-1].write_text("\n".join(lines))
    return paths


def test_a_person_reads_what_differs(
    logs: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    code, out, _ = run(capsys, "1.0.0", "1.1.0", "--log", *logs, "--html", page)
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == (
        "credit 1.0.0 and credit 1.1.0, 9 rows: 1 labels are others (11.11%)"
    )
    assert "answered by both versions 9" in lines
    assert "found of the new version alone 1" in lines
    assert any(line.startswith("r1 {'label': 'good'") for line in lines)
    assert "answered by both versions" in page.read_text()


def test_bounds_are_kept_or_not(
    logs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("1.0.0", "1.1.0", "--log", *logs, "--json")
    code, out, _ = run(capsys, *options, "--max-changed", 0.2, "--max-difference", 0.3)
    found = json.loads(out)
    assert (code, found["breaches"]) == (0, [])
    assert found["requests"] == {
        **{"paired": 9, "old_alone": 1, "new_alone": 1},
        **{"repeated": 0, "other_instances": 0},
    }
    assert found["furthest"][0]["request_id"] == "r1"
    code, out, _ = run(capsys, *options, "--max-changed", 0.1, "--max-difference", 0.2)
    assert code == 1
    assert len(json.loads(out)["breaches"]) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("1.0.0", "1.0.0"), "Both are version 1.0.0."),
        (("1.0.0", "2.0.0"), "No line is of version 2.0.0."),
        (("1.0.0", "1.1.0", "gone.jsonl"), "No such file or directory"),
        (("1.0.0", "1.1.0", __file__), "test_pairs.py is no prediction log."),
        (("1.0.0", "1.1.0", "."), "Is a directory"),
    ],
)
def test_a_fault_is_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    logs: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new, *others = arguments
    code, out, err = run(capsys, old, new, "--log", *logs, *others)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("FAIL  ")
    assert err.count("\n") == 1
