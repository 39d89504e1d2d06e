"""Packaging fails early: whatever would not serve is refused in the training script."""

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines import CREDIT, FITTED, ROOT, Fitted
from proved_here import package_here
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

import train
from service.model import package
from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.prediction_form import form_values
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import PackagingError
from service.model.loading import load_predictor
from service.model.outputs import Outputs
from service.model.prediction.predictor import Predictor, name_outputs

X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [4.0, 1.0, 3.0, 2.0]})
Y = [0, 1, 0, 1]


def attempt(pipeline: Any, to: Path, table: Any = X, **options: Any) -> Path:
    options = {"name": "m", "version": "1.0.0", "to": to, **options}
    return package_here(pipeline, table, **options)


@pytest.mark.parametrize(
    ("pipeline", "options", "message"),
    [
        (LogisticRegression(), {}, "not a fitted estimator"),
        (5, {}, "not a fitted estimator"),
        (KernelDensity().fit(X), {}, "no task that is served"),
        (LogisticRegression().fit(X, Y), {"name": "../m"}, "name"),
        (LogisticRegression().fit(X, Y), {"name": "Model Ü"}, "name"),
        (LogisticRegression().fit(X, Y), {"version": "1"}, "semantic"),
        (LogisticRegression().fit(X, Y), {"version": "1.0.0/.."}, "semantic"),
        (LogisticRegression().fit(X, Y), {"labels": {0: "no"}}, "each class"),
        (LogisticRegression().fit(X, Y), {"labels": ["a", "a"]}, "must differ"),
        (LogisticRegression().fit(X, Y), {"y": [2, 3, 2, 3]}, "y holds classes"),
        (LogisticRegression().fit(X, Y), {"metrics": {"auc": np.nan}}, "'auc'"),
        (LogisticRegression().fit(X, Y), {"code": ["json"]}, "that name is taken"),
        (LogisticRegression().fit(X, Y), {"code": ["absent"]}, "no Python module"),
        (LinearRegression().fit(X, Y), {"labels": ["a", "b"]}, "for classifiers"),
    ],
)
def test_what_would_not_serve_is_refused(
    pipeline: Any, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(PackagingError, match=message):
        attempt(pipeline, tmp_path, **options)
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_module_that_is_not_named_is_refused(tmp_path: Path) -> None:
    credit = FITTED["credit"]()
    with pytest.raises(PackagingError, match="'credit_features', which is not install"):
        Fitted("credit", credit.pipeline, credit.X, credit.y).package(tmp_path)


def test_a_module_that_another_one_needs_is_missed_at_once(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text(
        "import importlib\nfirst = importlib.import_module('inner').first\n"
    )
    (tmp_path / "inner.py").write_text("def first(X):\n    return X[['x']]\n")
    script = """
        import pandas as pd
        from outer import first
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler
        from service.model import package
        X = pd.DataFrame({"x": [1.0, 2.0]})
        pipeline = make_pipeline(FunctionTransformer(first), LogisticRegression())
        pipeline.fit(X, [0, 1])
        package(pipeline, X, name="m", version="1.0.0", code=["outer"])
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PackagingError" in run.stderr
    assert "inner" in run.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def load(folder: Path) -> Predictor:
    return load_predictor(read_artefact(folder))


def test_the_last_bits_of_a_sum_do_not_stop_a_linear_model(tmp_path: Path) -> None:
    """BLAS sums a slice of a table in another order than the same rows built anew."""
    table, y = load_diabetes(return_X_y=True, as_frame=True)
    predictor = load(attempt(LinearRegression().fit(table, y), tmp_path, table))
    predictor.prove()


def test_single_precision_does_not_stop_a_linear_model(tmp_path: Path) -> None:
    """A frame made of an array lies otherwise in memory than one made of columns."""
    table, y = load_breast_cancer(return_X_y=True, as_frame=True)
    table = table.astype("float32")
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, y)
    load(attempt(pipeline, tmp_path, table)).prove()


def test_a_classifier_without_probabilities_answers_labels(tmp_path: Path) -> None:
    folder = attempt(LinearSVC().fit(X, Y), tmp_path, labels=["no", "yes"])
    predictor = load(folder)
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    instances = codec.load(b'{"instances": [{"x": 1.0, "z": 4.0}]}')
    assert predictor.predict(instances).to_json() == [{"label": "no"}]


def test_a_bound_that_was_found_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_pipeline(FunctionTransformer(np.sqrt), LinearRegression()).fit(X, Y)
    attempt(root, tmp_path, features={"z": {"minimum": 0.5}})
    shown = capsys.readouterr().out
    assert shown == "x: minimum 0.0, where the pipeline stops answering\n"


def test_the_first_golden_record_is_typical_and_of_nobody() -> None:
    data, _ = train.read_data()
    typical = load(CREDIT).golden.records[0].instance
    assert typical["Age"] == 36
    assert typical["Home"] == "owner"
    assert not (data == pd.Series(typical)).all(axis=1).any()


def test_golden_records_hold_nulls_unseen_categories_and_extremes() -> None:
    predictor = load(CREDIT)
    instances = [record.instance for record in predictor.golden.records]
    for feature in predictor.manifest.contract.features:
        values = [instance[feature.name] for instance in instances]
        observed = feature.observed
        assert None in values
        if observed.categories is None:
            assert {observed.minimum, observed.maximum} <= set(values)
        else:
            assert set(observed.categories) < {*values} - {None}


def test_only_rows_that_keep_the_owners_contract_are_golden(tmp_path: Path) -> None:
    folder = attempt(
        LogisticRegression().fit(X, Y), tmp_path, features={"x": {"minimum": 2.5}}
    )
    values = [r.instance["x"] for r in load(folder).golden.records]
    assert min(values) == 3.0


def test_a_table_that_no_row_of_keeps_the_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="No row"):
        attempt(
            LogisticRegression().fit(X, Y), tmp_path, features={"x": {"minimum": 9}}
        )


def test_training_again_makes_a_model_that_predicts_the_same(tmp_path: Path) -> None:
    train.main(str(tmp_path))
    again, committed = load(tmp_path / "credit-risk/1.0.0"), load(CREDIT)
    assert again.golden == committed.golden
    assert again.manifest.metrics == committed.manifest.metrics
    assert again.manifest.contract == committed.manifest.contract
    data, _ = train.read_data()
    np.testing.assert_array_equal(
        again.reference.pipeline.predict_proba(data),
        committed.reference.pipeline.predict_proba(data),
    )


def test_the_manifest_names_what_the_pipeline_imports() -> None:
    manifest = read_artefact(CREDIT).manifest
    assert set(manifest.libraries) == {
        "python",
        "scikit-learn",
        "numpy",
        "scipy",
        "joblib",
        "pandas",
    }
    assert manifest.code == ("credit_features",)
    assert manifest.metrics.keys() == {"auc", "accuracy", "brier"}
    assert manifest.names == ("bad", "good")


class Faulty(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers by a function that a test gives it; it never gets as far as a pickle."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def fit(self, X: Any, y: Any) -> "Faulty":
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, table: Any) -> Any:
        return self.answer(table)


@pytest.mark.parametrize(
    ("pipeline", "table", "message"),
    [
        (Faulty(lambda t: ["a"] * len(t)), X, "must predict numbers"),
        (Faulty(lambda t: [1.0]), X, "1 answers to 64 instances"),
        (
            Faulty(lambda t: t["x"].mask(t["x"] == 1.0)),
            X,
            r"training table .*: NonFinite",
        ),
        (LinearRegression().fit(X, Y), X[["z", "x"]], r"training table .*: ValueError"),
        (
            LinearRegression().fit(X, Y),
            X.where(X != 1.0),
            r"training table .*: ValueError",
        ),
        (LinearRegression().fit(X, Y), X[:0], "no rows"),
        (DummyClassifier(strategy="uniform").fit(X, Y), X, "the same answer twice"),
    ],
)
def test_a_pipeline_that_does_not_answer_its_table_is_refused(
    pipeline: Any, table: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PackagingError, match=message):
        attempt(pipeline, tmp_path, table)


@pytest.mark.parametrize(
    "options",
    [
        {"name": None},
        {"version": 1},
        {"labels": 5},
        {"labels": "ab"},
        {"labels": [None, "a"]},
        {"labels": ["\ud800", "a"]},
        {"metrics": 5},
        {"metrics": {"auc": "high"}},
        {"metrics": {"auc": None}},
        {"metrics": {"auc": {}}},
        {"code": 5},
        {"code": "json"},
        {"code": [3]},
        {"code": ["no.such"]},
        {"code": [".x"]},
        {"code": ["unsound"]},
        {"y": [[1], [1, 2], [0], [0]]},
        {"y": [0, None, 1, 0]},
        {"description": "\ud800"},
        {"features": ["x"]},
        {"holdout": []},
        {"holdout": X[:0]},
        {"holdout": X[["x"]]},
        {"holdout": X.to_numpy()},
    ],
)
def test_a_bad_argument_is_refused(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unsound.py").write_text("def (\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PackagingError):
        attempt(LogisticRegression().fit(X, Y), tmp_path, **options)


def test_a_file_is_no_place_for_a_version() -> None:
    with pytest.raises(PackagingError, match="cannot be written"):
        attempt(LogisticRegression().fit(X, Y), Path(__file__))


def test_a_clock_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "x")
    with pytest.raises(PackagingError, match="SOURCE_DATE_EPOCH"):
        attempt(LogisticRegression().fit(X, Y), tmp_path)


def test_labels_come_as_an_array_of_numpy(tmp_path: Path) -> None:
    labels = np.array(["no", "yes"])
    folder = attempt(LogisticRegression().fit(X, Y), tmp_path, labels=labels)
    assert load(folder).manifest.names == ("no", "yes")


@pytest.mark.parametrize(
    ("columns", "message"), [([1, "1"], "must differ"), (["a", "b", "c"], "3 columns")]
)
def test_outputs_have_a_name_each(
    columns: list[Any], message: str, tmp_path: Path
) -> None:
    fitted = LinearRegression().fit(X, np.array([Y, Y]).T)
    y = pd.DataFrame(np.zeros((4, len(columns))), columns=columns)
    with pytest.raises(PackagingError, match=message):
        attempt(fitted, tmp_path, y=y)


def test_large_integers_are_predicted_as_they_are() -> None:
    large = 2**53 + 1
    outputs = Outputs(values=np.array([[large]]))
    assert name_outputs(outputs, form_values(["value"])).to_json() == [{"value": large}]


def test_a_module_that_ends_the_process_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import os, sys\n{}\ndef first(X):\n    return X\n"
    (tmp_path / "quitter.py").write_text(source.format(""))
    monkeypatch.syspath_prepend(str(tmp_path))
    first = importlib.import_module("quitter").first
    pipeline = make_pipeline(FunctionTransformer(first), LogisticRegression())
    pipeline.fit(X, Y)
    for ending in ("sys.exit(0)", "os._exit(0)"):
        (tmp_path / "quitter.py").write_text(source.format(ending))
        with pytest.raises(PackagingError, match="fresh process"):
            package(
                pipeline,
                X,
                name="m",
                version="1.0.0",
                to=tmp_path,
                code=["quitter"],
            )
