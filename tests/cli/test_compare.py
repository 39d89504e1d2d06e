"""Two versions are compared on a real file, each in a process of its own."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Package
from faults import copy_credit, reseal
from line_files import list_tensor_rows, write_lines
from pipelines import CREDIT, FITTED, ROOT, TENSORS, Fitted
from proved_here import package_here
from sklearn.base import clone

import train
from service.cli.main import main

DATA = ROOT / "artefacts/credit-risk/data.csv"


@pytest.fixture(scope="module")
def credit() -> Fitted:
    return FITTED["credit"]()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("versions")


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """Every eighth row of the credit data."""
    with DATA.open() as file:
        rows = list(csv.reader(file))
    path = folder / "rows.csv"
    with path.open("w") as file:
        csv.writer(file).writerows([rows[0], *rows[1::8]])
    return path


@pytest.fixture(scope="module")
def first(credit: Fitted, folder: Path) -> Path:
    return package_here(
        credit.pipeline,
        credit.X,
        name="credit-risk",
        version="1.0.0",
        to=folder,
        **credit.options,
    )


@pytest.fixture(scope="module")
def swapped(credit: Fitted, folder: Path) -> Path:
    return package_here(
        credit.pipeline,
        credit.X,
        name="credit-risk",
        version="1.1.0",
        labels={"good": "bad", "bad": "good"},
        to=folder,
        **credit.options,
    )


@pytest.fixture(scope="module")
def narrower(credit: Fitted, folder: Path) -> Path:
    """A version that does without a field, and takes another in a bound."""
    X = credit.X.drop(columns="Seniority")
    pipeline = clone(train.build_pipeline()).fit(X, credit.y)
    return package_here(
        pipeline,
        X,
        name="credit-risk",
        version="1.2.0",
        to=folder,
        features={"Age": {"minimum": 21}},
        **credit.options,
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command; returns its exit code, and what it printed."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["compare", *map(str, arguments)])
    assert isinstance(end.value.code, int)
    return end.value.code, *capsys.readouterr()


def test_a_version_is_as_itself(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, CREDIT, CREDIT, "--data", data, "--target", "Status", "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert (found["labels_changed"], found["changes"]) == (0, [])
    assert set(found["differences"].values()) == {0.0}
    assert found["scores"]["old"] == found["scores"]["new"]
    assert found["scores"]["old"]["accuracy"] > 0.8


def test_swapped_labels_are_found(
    first: Path,
    swapped: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "page.html"
    bounds = ("--max-changed", 0.02, "--max-worse", 0.01, "--max-difference", 0.1)
    code, out, _ = run(
        capsys,
        *(first, swapped, "--data", data, "--target", "Status"),
        *("--segment", "Home", *bounds, "--html", page),
    )
    assert code == 1
    assert "FAIL  100.00% of the labels are others" in out
    assert "FAIL  the accuracy is 0.1" in out
    assert "FAIL  one number in a hundred differs by" in out
    assert "By Home" in out
    text = page.read_text()
    assert "100.00% of the labels are others" in text
    assert "<svg" in text
    assert "http" not in text  # it loads nothing


def test_a_contract_that_breaks_callers_is_found(
    first: Path, narrower: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (first, narrower, "--data", data, "--json")
    code, out, _ = run(capsys, *arguments)
    found = json.loads(out)
    assert code == 1
    assert found["breaches"] == [
        "callers break: Seniority is no field any more",
        "callers break: Age has a minimum of 21",
    ]
    assert found["refused"]["new"] > found["refused"]["old"] == 0
    assert 0 < found["labels_changed"] < found["rows"] / 3
    code, _, _ = run(capsys, *arguments, "--may-break")
    assert code == 0


def test_parquet_is_read_as_csv_is(
    first: Path,
    swapped: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "rows.parquet"
    pl.read_csv(data).write_parquet(path)
    answers: list[dict[str, Any]] = []
    for file in (data, path):
        _, out, _ = run(
            capsys, first, swapped, "--data", file, "--segment", "Home", "--json"
        )
        answers.append({**json.loads(out), "costs": None})
    assert answers[0] == answers[1]


def test_tensors_are_compared_in_json_lines(
    packaged: Package, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the model answers them alone, but for what breaks its contract."""
    fitted = TENSORS["tensors"]()
    told = [
        {**row, "truth": int(truth), "odd": bool(truth % 2)}
        for row, truth in zip(list_tensor_rows(), fitted.y, strict=True)
    ]
    bad = {**told[0], "image": [[0.5]]}
    data = write_lines(tmp_path / "rows.jsonl", [*told[:7], bad, *told[7:]])
    old = packaged("tensors")
    options = ("--target", "truth", "--segment", "odd", "--json")
    code, out, _ = run(capsys, old, old, "--data", data, *options)
    found = json.loads(out)
    assert (code, found["rows"]) == (0, len(told) + 1)
    assert found["refused"] == {"old": 1, "new": 1}
    right = (fitted.pipeline.predict(fitted.X) == fitted.y).mean()
    assert found["scores"]["new"]["accuracy"] == pytest.approx(right, abs=1e-12)
    odd = int((fitted.y % 2).sum())
    assert found["segments"]["odd"]["True"]["rows"] == odd
    assert "rows_1000_ms" in found["costs"]["old"]


def test_a_version_runs_in_an_interpreter_of_its_own(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell script stands for it, which notes that it was asked."""
    python = tmp_path / "python"
    lines = ("#!/bin/sh", f'echo "$@" >{tmp_path}/asked', f'exec {sys.executable} "$@"')
    python.write_text("\n".join(lines))
    python.chmod(0o755)
    code, _, _ = run(capsys, CREDIT, CREDIT, "--data", data, "--old-python", python)
    assert code == 0
    assert "service.update.answers" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("no artefact", "manifest.json"),
        ("no file", "cannot be read: No such file or directory"),
        ("no rows", "has no rows"),
        ("a column", "lacks the columns Seniority"),
        ("a target", "lacks the columns truth"),
        ("a segment", "lacks the columns region"),
        ("a page", "No such file or directory"),
        ("no program", "does not run"),
        ("a library", "scikit-learn"),
    ],
)
def test_a_fault_is_one_sentence(
    fault: str,
    sentence: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new, file, options = CREDIT, CREDIT, data, list[str]()
    lines = data.read_text().splitlines()
    if fault == "no artefact":
        old = tmp_path
    if fault == "no file":
        file = tmp_path / "gone.csv"
    if fault in ("no rows", "a column"):
        file = tmp_path / "rows.csv"
        others = [line.replace("Seniority", "S") for line in lines]
        file.write_text("\n".join(lines[:1] if fault == "no rows" else others))
    if fault == "a target":
        options = ["--target", "truth"]
    if fault == "a segment":
        options = ["--segment", "region"]
    if fault == "a page":
        options = ["--html", str(tmp_path / "gone" / "page.html")]
    if fault == "no program":
        options = ["--new-python", str(tmp_path / "python")]
    if fault == "a library":
        older = {"scikit-learn": "0.24.1"}
        new = reseal(copy_credit(tmp_path), lambda m: m["libraries"].update(older))
    code, out, err = run(capsys, old, new, "--data", file, *options)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("FAIL  ")
    assert err.count("\n") == 1
