"""Each task that is served: packaged, asked through the service, held to the notebook.

Each example is fitted and asked for rows of its table, and for one alone; one of each
task is packaged and loaded as well, and asked by JSON, as a request comes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson
import pandas as pd
import pytest
from lightgbm import LGBMRanker
from proved_here import package_here
from sklearn import cluster, covariance, ensemble, linear_model, neighbors, svm
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, SparsePCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRanker

from service.model.artefact.folder import read_artefact
from service.model.artefact.manifest import SECOND_FORMAT
from service.model.contract.codec import Codec
from service.model.contract.instances import Predictions
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import PackagingError
from service.model.loading import load_predictor
from service.model.packaging.labels import name_answers
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import Predictor, name_outputs
from service.model.tasks.task import NO_EXTRAS, Extras
from service.web.monitoring.scores import choose_buckets, list_series, read_series
from service.web.routes.openapi import describe_api
from service.web.routes.openapi.schemas import describe_prediction

IRIS, KINDS = load_iris(return_X_y=True, as_frame=True)
IRIS = IRIS.rename(columns=lambda name: name.split(" (")[0].replace(" ", "_"))
LABELS = pd.DataFrame({"large": (KINDS > 0).astype(int), "last": (KINDS == 2) * 1})
WORDS = pd.DataFrame(
    {"size": np.where(KINDS > 0, "l", "s"), "kind": KINDS.map({0: "x", 1: "y", 2: "z"})}
)
QUERIES = [50, 50, 50]
ROWS = IRIS.iloc[::30]
LOGISTIC = linear_model.LogisticRegression(max_iter=500)
RIDGE = make_pipeline(StandardScaler(), linear_model.BayesianRidge())

Json = dict[str, Any]


def load(to: Path, fitted: Any, y: Any = None, **options: Any) -> Predictor:
    folder = package_here(fitted, IRIS, y, name="m", version="1.0.0", to=to, **options)
    return load_predictor(read_artefact(folder))


def ask(predictor: Predictor, table: pd.DataFrame) -> Predictions:
    """Ask by JSON, as a request does."""
    body = orjson.dumps({"instances": table.to_dict("records")})
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    return predictor.predict(codec.load(body))


def answer(
    fitted: Any, y: Any = None, labels: Any = None, extras: Extras = NO_EXTRAS
) -> Predictions:
    """Return what is answered to the rows, without an artefact."""
    reference = FittedPipeline(fitted, extras)
    form = name_answers(reference, IRIS, y, labels)
    alone = name_outputs(reference.predict(ROWS[:1]), form)
    predictions = name_outputs(reference.predict(ROWS), form)
    assert alone.to_json() == approximate(predictions.slice(0, 1).to_json())
    return predictions


def check(predictions: Predictions, expected: list[Json]) -> None:
    """Hold predictions, and all that reads their form, to what the notebook says."""
    found, form = predictions.to_json(), predictions.form
    assert found == approximate(expected)
    assert [form.read_numbers(each) for each in found] == (
        predictions.numbers or [[]] * len(found)
    )
    check_schema(describe_prediction(form), expected[0])
    series = list_series(form)
    assert [len(s) for s in read_series(series, predictions)] == [5] * len(series)
    assert [len(column) for column in predictions.read_columns()] == (
        [5] * len(form.columns)
    )
    assert len({column.path for column in form.columns}) == len(form.columns) > 0
    assert msgspec.json.decode(msgspec.json.encode(form), type=PredictionForm) == form


@pytest.mark.parametrize("name", ["outliers", "clusters", "outputs", "pca", "std"])
def test_a_task_is_packaged_and_served(name: str, tmp_path: Path) -> None:
    fitted, options, task = {
        "outliers": (DETECTORS[0].fit(IRIS), {}, "outlier-detection"),
        "clusters": (
            CLUSTERINGS[0].fit(IRIS),
            {"labels": ["a", "b", "c"]},
            "clustering",
        ),
        "outputs": (
            MultiOutputClassifier(LOGISTIC).fit(IRIS, LABELS),
            {"y": LABELS},
            "multioutput-classification",
        ),
        "pca": (
            make_pipeline(StandardScaler(), PCA(2)).fit(IRIS),
            {},
            "transformation",
        ),
        "std": (RIDGE.fit(IRIS, KINDS), {"std": True}, "regression"),
    }[name]
    predictor = load(tmp_path, fitted, **options)
    manifest, form = predictor.manifest, predictor.form
    assert (manifest.task, manifest.prediction) == (task, form)
    assert manifest.format == SECOND_FORMAT
    assert manifest.names == form.title_names
    predictor.prove()
    extras = Extras(std=name == "std")
    reference = name_outputs(FittedPipeline(fitted, extras).predict(ROWS), form)
    check(ask(predictor, ROWS), reference.to_json())
    codec = Codec(manifest.contract, UNBOUNDED)
    schema = describe_api(predictor, codec)["components"]["schemas"]["Prediction"]
    assert schema == describe_prediction(form)
    bounds = choose_buckets(predictor)
    assert list(bounds) == sorted(set(bounds))
    assert predictor.histograms is not None
    paths = [each.name for each in predictor.histograms.scores]
    assert paths == [column.path for column in form.columns]
    assert all(sum(each.counts) for each in predictor.histograms.scores)


def check_schema(schema: Json, prediction: Json) -> None:
    assert set(schema["required"]) == set(prediction)
    for name, found in prediction.items():
        described = schema["properties"][name]
        if described["type"] == "object":
            check_schema(described, found)
        elif described["type"] == "string":
            assert found in described["enum"]
        else:
            assert described["type"] == "number"


def approximate(predictions: Any) -> Any:
    """Return what is equal to within the bound of a plan."""
    if isinstance(predictions, list):
        return [approximate(each) for each in predictions]
    if isinstance(predictions, dict):
        return {name: approximate(each) for name, each in predictions.items()}
    if isinstance(predictions, str):
        return predictions
    return pytest.approx(predictions, rel=1e-12, abs=1e-12)


DETECTORS = [
    ensemble.IsolationForest(n_estimators=20, random_state=0),
    make_pipeline(StandardScaler(), svm.OneClassSVM(nu=0.2)),
    make_pipeline(StandardScaler(), linear_model.SGDOneClassSVM(random_state=0)),
    neighbors.LocalOutlierFactor(novelty=True),
    covariance.EllipticEnvelope(random_state=0),
]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # its own
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda each: type(each).__name__)
def test_a_detector_answers_a_label_and_a_score(detector: Any) -> None:
    fitted = detector.fit(IRIS)
    names = {-1: "outlier", 1: "inlier"}
    scores = zip(fitted.predict(ROWS), fitted.score_samples(ROWS), strict=True)
    check(answer(fitted), [{"label": names[k], "score": score} for k, score in scores])


def test_outliers_have_the_owners_names() -> None:
    found = answer(DETECTORS[0].fit(IRIS), labels={1: "usual", -1: "fraud"})
    assert found.form.labels == ("fraud", "usual")


CLUSTERINGS = [
    KMeans(3, n_init=1, random_state=0),
    cluster.MiniBatchKMeans(3, n_init=1, random_state=0),
    make_pipeline(StandardScaler(), cluster.BisectingKMeans(3, random_state=0)),
    cluster.Birch(n_clusters=3),
    cluster.Birch(n_clusters=None, threshold=1.0),
    cluster.MeanShift(),
    cluster.AffinityPropagation(random_state=0),
]


@pytest.mark.parametrize("model", CLUSTERINGS, ids=lambda each: str(each)[:18])
def test_a_clustering_answers_a_cluster(model: Any) -> None:
    fitted = model.fit(IRIS)
    found = answer(fitted)
    expected: list[Json] = [{"label": str(k)} for k in fitted.predict(ROWS)]
    if found.form.group:
        names = found.form.labels
        for each, row in zip(expected, fitted.transform(ROWS), strict=True):
            each["distances"] = dict(zip(names, row, strict=True))
    assert bool(found.form.group) == ("KMeans" in str(model) or "None" in str(model))
    check(found, expected)


@pytest.mark.parametrize("kind", [GaussianMixture, BayesianGaussianMixture])
def test_a_mixture_answers_probabilities(kind: Any) -> None:
    fitted = kind(n_components=3, random_state=0, max_iter=500).fit(IRIS)
    names = ["a", "b", "c"]
    answers = zip(fitted.predict(ROWS), fitted.predict_proba(ROWS), strict=True)
    check(
        answer(fitted, labels=names),
        [
            {"label": names[k], "probabilities": dict(zip(names, row, strict=True))}
            for k, row in answers
        ],
    )


MULTILABEL = [
    OneVsRestClassifier(LOGISTIC),
    OneVsRestClassifier(svm.LinearSVC()),
    MultiOutputClassifier(LOGISTIC),
    ClassifierChain(LOGISTIC, random_state=0),
    make_pipeline(StandardScaler(), MLPClassifier(max_iter=2000, random_state=0)),
    linear_model.RidgeClassifier(),
    ensemble.RandomForestClassifier(5, random_state=0),
    neighbors.KNeighborsClassifier(),
    XGBClassifier(n_estimators=5, n_jobs=1),
]
MULTICLASS = [
    ensemble.ExtraTreesClassifier(5, random_state=0),
    make_pipeline(StandardScaler(), neighbors.KNeighborsClassifier()),
]


@pytest.mark.parametrize(
    ("model", "y"),
    [*((m, LABELS) for m in MULTILABEL), *((m, WORDS) for m in MULTICLASS)],
    ids=lambda each: str(each)[:40],
)
def test_each_output_has_a_label(model: Any, y: pd.DataFrame) -> None:
    rows = ROWS
    fitted = model.fit(IRIS, y if y is WORDS else y.to_numpy())
    expected: list[Json] = [
        {"outputs": dict(zip(y, [{"label": str(_plain(k))} for k in row], strict=True))}
        for row in fitted.predict(rows)
    ]
    if hasattr(fitted, "predict_proba"):
        found = fitted.predict_proba(rows)
        if not isinstance(found, list):
            found = [np.column_stack([1 - column, column]) for column in found.T]
        for name, block in zip(y, found, strict=True):
            classes = [str(each) for each in np.unique(y[name])]
            for each, row in zip(expected, block, strict=True):
                by_label = dict(zip(classes, row, strict=True))
                each["outputs"][name]["probabilities"] = by_label
    check(answer(fitted, y), expected)


def _plain(label: Any) -> Any:
    return int(label) if isinstance(label, float | np.floating) else label


def test_outputs_have_the_owners_labels() -> None:
    fitted = MultiOutputClassifier(LOGISTIC).fit(IRIS, LABELS)
    found = answer(fitted, LABELS, {"large": {0: "small", 1: "large"}})
    assert (found.labels or [])[0] == ["small", "0"]
    with pytest.raises(PackagingError, match="some of the outputs large, last"):
        answer(fitted, LABELS, {"x": ["a", "b"]})


@pytest.mark.parametrize(
    "model",
    [
        LGBMRanker(n_estimators=5, verbose=-1, n_jobs=1, min_child_samples=5),
        XGBRanker(n_estimators=5, n_jobs=1),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_ranker_answers_a_score(model: Any) -> None:
    fitted = model.fit(IRIS, KINDS, group=QUERIES)
    scores = fitted.predict(ROWS).astype(float)
    check(answer(fitted), [{"score": score} for score in scores])


def test_a_transformer_alone_answers_named_values() -> None:
    fitted = make_pipeline(StandardScaler(), PCA(2)).fit(IRIS)
    names, rows = ["pca0", "pca1"], fitted.transform(ROWS)
    expected = [{"values": dict(zip(names, row, strict=True))} for row in rows]
    check(answer(fitted), expected)
    assert answer(fitted, labels=["u", "v"]).form.names == ("u", "v")


def test_a_row_alone_is_a_row_behind_sparse_components() -> None:
    """scikit-learn's SparsePCA gives it no second dimension, and no step takes that."""
    components = SparsePCA(2, max_iter=10, random_state=0)
    check(
        answer(components.fit(IRIS)),
        [
            {"values": {"sparsepca0": first, "sparsepca1": second}}
            for first, second in components.transform(ROWS)
        ],
    )
    pipeline = make_pipeline(StandardScaler(), components, LOGISTIC).fit(IRIS, KINDS)
    assert len(answer(pipeline)) == len(ROWS)


def test_of_many_numbers_the_first_are_watched() -> None:
    table = pd.DataFrame({f"f{i}": IRIS.iloc[:, i % 4] * (i + 1) for i in range(20)})
    reference = FittedPipeline(StandardScaler().fit(table))
    form = name_answers(reference, table, None, None)
    assert len(form.names) == 20
    assert len(form.columns) == len(list_series(form)) == 16


@pytest.mark.parametrize(
    ("model", "y", "scored"),
    [
        (svm.LinearSVC(), LABELS["last"], ["1"]),
        (svm.LinearSVC(), KINDS, ["0", "1", "2"]),
        (make_pipeline(StandardScaler(), LOGISTIC), KINDS, ["0", "1", "2"]),
    ],
    ids=["two", "three", "pipeline"],
)
def test_decision_scores_are_answered_where_asked_for(
    model: Any, y: Any, scored: list[str]
) -> None:
    fitted, rows = model.fit(IRIS, y), ROWS
    scores = fitted.decision_function(rows).reshape(5, -1)
    check(
        answer(fitted, y, extras=Extras(scores=True)),
        [
            {"label": str(k), "scores": dict(zip(scored, row, strict=True))}
            for k, row in zip(fitted.predict(rows), scores, strict=True)
        ],
    )


@pytest.mark.parametrize(
    "model",
    [
        RIDGE,
        GaussianProcessRegressor(alpha=0.1, random_state=0),
    ],
    ids=["BayesianRidge", "GaussianProcess"],
)
def test_a_standard_deviation_is_answered_where_asked_for(
    model: Any,
) -> None:
    fitted = model.fit(IRIS, KINDS)
    values, deviations = fitted.predict(ROWS, return_std=True)
    found = zip(values, deviations, strict=True)
    answers = answer(fitted, extras=Extras(std=True))
    check(answers, [{"value": value, "std": std} for value, std in found])


def test_the_manifest_of_an_old_task_is_what_it_was(tmp_path: Path) -> None:
    manifest = load(tmp_path, LOGISTIC.fit(IRIS, KINDS)).manifest
    assert (manifest.format, manifest.prediction) == (1, None)


REFUSED: list[tuple[Callable[[], Any], Json, str]] = [
    (lambda: cluster.DBSCAN().fit(IRIS), {}, "no predict"),
    (lambda: neighbors.LocalOutlierFactor().fit(IRIS), {}, "novelty=True"),
    (lambda: LOGISTIC.fit(IRIS, KINDS), {"std": True}, "for regressors"),
    (lambda: LOGISTIC.fit(IRIS, KINDS), {"scores": "other"}, "scores= must be"),
    (lambda: KMeans(2, n_init=1).fit(IRIS), {"scores": "decision"}, "classifiers"),
    (lambda: KMeans(2, n_init=1).fit(IRIS), {"labels": ["a"]}, "a label for each"),
    (lambda: linear_model.Ridge().fit(IRIS, KINDS), {"std": True}, "return_std"),
    (
        lambda: neighbors.KNeighborsClassifier().fit(IRIS, KINDS),
        {"scores": "decision"},
        "no decision_function",
    ),
    (
        lambda: svm.SVC(decision_function_shape="ovo").fit(
            np.tile(IRIS, (2, 1)), [*KINDS, *(KINDS + 3)]
        ),
        {"scores": "decision"},
        "decision_function_shape",
    ),
]


@pytest.mark.parametrize(("fit", "options", "message"), REFUSED)
def test_what_a_task_cannot_answer_is_refused(
    fit: Callable[[], Any], options: Json, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PackagingError, match=message):
        load(tmp_path, fit(), **options)


class Counting(StandardScaler):  # type: ignore[misc]
    """Counts how often it is asked."""

    calls = 0

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        self.calls += 1
        return super().transform(X, copy)


def test_what_comes_before_the_last_step_is_made_once() -> None:
    first = Counting()
    pipeline = make_pipeline(first, PCA(2), LOGISTIC).fit(IRIS, KINDS)
    first.calls = 0
    answers = FittedPipeline(pipeline).predict(IRIS)
    assert first.calls == 1
    np.testing.assert_array_equal(answers.probabilities, pipeline.predict_proba(IRIS))
