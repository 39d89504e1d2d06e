"""python -m service drift, as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drifted import DRIFTED, read_test_rows, shift
from faults import copy_credit, forget_histograms
from line_files import list_tensor_rows, write_lines
from pipelines import CREDIT, ROOT, fit_mixed
from proved_here import package_here
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import train
from service.cli.main import main
from service.model.artefact.folder import read_artefact
from service.model.drift_file import measure_file
from service.model.errors import DataFileError
from service.model.loading import load_predictor


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_csv(rows: pd.DataFrame) -> Path:
        path = tmp_path / "data.csv"
        rows.to_csv(path, index=False)
        return path

    return write_csv


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["drift", str(CREDIT), *options])
    printed = capsys.readouterr()
    return int(caught.value.code or 0), printed.out, printed.err


def test_the_credit_datas_own_test_set_is_stable_everywhere(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_test_rows()
    code, out, _ = run(capsys, str(write(rows)), "--json")
    found = json.loads(out)
    assert (code, found["verdict"], found["count"]) == (0, "stable", len(rows))
    figures = [*found["features"], *found["scores"]]
    assert [figure["name"] for figure in figures] == [
        *rows.columns,
        "probabilities.good",
    ]
    assert max(figure["psi"] for figure in figures) < 0.1


def test_just_the_features_that_moved_are_over_the_bound_and_the_score_follows(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model weighs both features, so its answers are others than in training."""
    code, out, _ = run(capsys, str(write(shift(read_test_rows()))), "--json")
    found = json.loads(out)
    assert (code, found["verdict"]) == (4, "large")
    by_name = {figure["name"]: figure for figure in found["features"]}
    assert {n for n, figure in by_name.items() if figure["psi"] > 0.25} == DRIFTED
    assert {n for n, figure in by_name.items() if figure["psi"] > 0.1} == DRIFTED
    assert 0.4 < by_name["Home"]["unseen_rate"] < 0.5
    [score] = found["scores"]
    assert score["psi"] > 0.25


@pytest.mark.parametrize(("is_given", "verdict"), [(True, "stable"), (False, "large")])
def test_a_score_is_held_against_rows_that_the_pipeline_was_not_fitted_on(
    is_given: bool,
    verdict: str,
    write: Any,
    tmp_path: Path,
) -> None:
    """A forest of whole trees knows by heart what it has seen."""
    X, y = train.read_data()
    X = X.select_dtypes("number").fillna(0)
    seen, held, new = X[:1500], X[1500:3000], X[3000:]
    pipeline = RandomForestClassifier(n_estimators=40, random_state=0)
    folder = package_here(
        pipeline.fit(seen, y[:1500]),
        seen,
        name="forest",
        version="1.0.0",
        to=tmp_path,
        holdout=held if is_given else None,
    )
    predictor = load_predictor(read_artefact(folder))
    [score] = measure_file(predictor, write(new), 1).drift.scores
    assert score.verdict == verdict


def test_the_table_says_what_drifts_and_the_rows_that_do_not_count(
    write: Any,
) -> None:
    rows = shift(read_test_rows())
    rows.loc[rows.index[:7], "Age"] = 17  # the contract says 18
    done = subprocess.run(
        [sys.executable, "-m", "service", "drift", str(CREDIT), str(write(rows))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "FEATURE",
        "PSI",
        "JS",
        "P",
        "NULL",
        "UNSEEN",
        "VERDICT",
    ]
    large = {line.split()[0] for line in lines if line.endswith("large")}
    assert large == {*DRIFTED, "probabilities.good"}
    assert lines[-2] == f"large: {len(rows) - 7} instances"
    assert lines[-1] == "7 rows are refused, and do not count"


def test_too_few_rows_say_nothing(
    write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, str(write(read_test_rows()[:499])))
    assert code == 5
    assert out.splitlines() == [
        "there must be 500 instances for a figure",
        "insufficient: 499 instances",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Age,Income\n30,100\n", "lacks the columns Seniority, Home"),
        (b"", "cannot be read as CSV"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
        (None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    content: bytes | None,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content)
    code, _, err = run(capsys, str(path))
    assert code == 1
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_pipe_is_refused_since_it_can_be_read_only_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "drift", str(CREDIT), "/dev/stdin"],
        cwd=ROOT,
        input=read_test_rows().to_csv(index=False),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert sentence == (
        "FAIL  /dev/stdin cannot be read: it is a named pipe; put a regular file in its"
        " place."
    )


def test_every_type_of_column_is_read_from_a_file(packaged: Any, write: Any) -> None:
    """The training table itself, read back, lies where it was counted."""
    fitted = fit_mixed()
    predictor = load_predictor(read_artefact(packaged("mixed")))
    found = measure_file(predictor, write(fitted.X), 1)
    assert found.refused == 0
    assert found.drift.count == len(fitted.X)
    figures = (*found.drift.features, *found.drift.scores)
    assert {figure.name: figure.psi for figure in figures} == {
        figure.name: 0 for figure in figures
    }


def test_tensors_are_read_of_json_lines(packaged: Any, tmp_path: Path) -> None:
    """As lists and as base64: the training table itself lies where it was counted."""
    rows = list_tensor_rows()
    path = write_lines(tmp_path / "rows.jsonl", [*rows, {**rows[0], "extra": [0.5]}])
    found = measure_file(load_predictor(read_artefact(packaged("tensors"))), path, 1)
    assert (found.refused, found.drift.count) == (1, len(rows))
    figures = (*found.drift.features, *found.drift.scores)
    assert {figure.name: figure.psi for figure in figures} == {
        "image": 0,
        "extra": 0,
        "label": 0,
    }


def test_instances_of_any_fields_are_read_of_json_lines(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"city": "Bonn", "rooms": n, **({"new": True} if n % 2 else {})}
        for n in range(60)
    ]
    model = make_pipeline(DictVectorizer(), LinearRegression()).fit(rows, range(60))
    folder = package_here(model, rows, name="rent", version="1.0.0", to=tmp_path)
    predictor = load_predictor(read_artefact(folder))
    path = write_lines(tmp_path / "rows.jsonl", [*rows, {"city": None}])
    found = measure_file(predictor, path, 1)
    assert (found.refused, found.drift.count) == (1, 60)
    assert {figure.psi for figure in found.drift.features} == {0}


def test_a_file_of_columns_holds_no_tensors(packaged: Any, write: Any) -> None:
    predictor = load_predictor(read_artefact(packaged("tensors")))
    with pytest.raises(DataFileError, match=r"takes tensors: write JSON Lines"):
        measure_file(predictor, write(read_test_rows()), 1)


def test_an_artefact_without_histograms_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = forget_histograms(copy_credit(tmp_path))
    with pytest.raises(SystemExit) as caught:
        main(["drift", str(folder), str(ROOT / "artefacts/credit-risk/data.csv")])
    assert caught.value.code == 1
    assert "packaged without the histograms" in capsys.readouterr().err
