"""Contributions against those that scikit-learn's own coefficients give."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines import FITTED
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

import train
from service.model.contract.codec import Codec
from service.model.contract.instances import Instances
from service.model.contract.observation import observe_table
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.tables import build_table
from service.model.errors import NotExplainedError, TooManyInstancesError
from service.model.explanation.explainer import (
    MAX_INSTANCES,
    Explainer,
    build_explainer,
)
from service.model.pipeline import FittedPipeline
from service.model.tolerances import SAME_ANSWER

TEXTS = ["Home", "Marital", "Records", "Job"]
NUMBERS = ["Seniority", "Time", "Age", "Expenses", "Income", "Debt"]

LOGARITHM = FunctionTransformer(np.log1p, feature_names_out="one-to-one")


def make_credit(model: Any, *after: Any) -> Any:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), TEXTS),
        ("passthrough", ["Amount"]),
        (make_pipeline(LOGARITHM, SplineTransformer()), ["Price"]),
    )
    return make_pipeline(columns, *after, model)


@pytest.fixture(scope="module")
def credit() -> tuple[pd.DataFrame, pd.Series]:
    X, y = train.read_data()
    return X.drop(columns="Assets").iloc[:500], y.iloc[:500]


def explain(
    pipeline: Any, X: pd.DataFrame, names: tuple[str, ...] = ()
) -> tuple[Explainer, Instances]:
    fitted, contract = FittedPipeline(pipeline), observe_table(X)
    columns = tuple(
        [None if pd.isna(value) else value for value in X[name].tolist()] for name in X
    )
    instances = Instances(columns, len(X))
    form = fitted.task.form_names(names)
    assert form
    return build_explainer(fitted, contract, form, instances), instances


def take(instances: Instances, count: int) -> Instances:
    return Instances(tuple(values[:count] for values in instances.columns), count)


def test_columns_of_a_feature_are_summed_as_its_coefficients_say(
    credit: tuple[pd.DataFrame, pd.Series],
) -> None:
    """Independently: by the transformer's own columns, and the names it gives them."""
    X, y = credit
    pipeline = make_credit(LogisticRegression(max_iter=2000)).fit(X, y)
    explainer, instances = explain(pipeline, X, ("bad", "good"))
    found = explainer.explain(take(instances, 50))

    weighed = np.asarray(pipeline[0].transform(X)) * pipeline[1].coef_[0]
    names = [name.split("__")[-1] for name in pipeline[0].get_feature_names_out()]
    names = [name.removeprefix("missingindicator_").split("_")[0] for name in names]
    shares = {
        name: weighed[:, [each.split("_sp")[0] == name for each in names]].sum(axis=1)
        for name in X
    }
    rows = np.linspace(0, len(X) - 1, 100).astype(int)
    scores = pipeline.decision_function(X)
    for index, explanation in enumerate(found):
        [(output, parts)] = explanation.items()
        assert output == "good"
        assert parts["score"] == pytest.approx(scores[index], abs=SAME_ANSWER)
        assert parts["baseline"] == pytest.approx(scores[rows].mean(), abs=1e-11)
        assert list(parts["contributions"]) == list(X)
        for name, value in parts["contributions"].items():
            expected = shares[name][index] - shares[name][rows].mean()
            assert value == pytest.approx(expected, abs=1e-11), name


@pytest.mark.parametrize("name", ["wine", "outputs"])
def test_they_add_up_for_each_of_several_scores(name: str) -> None:
    fitted = FITTED[name]()
    names = ("barolo", "grignolino", "barbera")
    if name == "outputs":
        names = ("progression", "log_progression")  # type: ignore[assignment]
    explainer, instances = explain(fitted.pipeline, fitted.X, names)
    pipeline = fitted.pipeline
    ask = getattr(pipeline, "decision_function", pipeline.predict)
    expected = ask(fitted.X)
    for index, explanation in enumerate(explainer.explain(take(instances, 90))):
        assert tuple(explanation) == names
        for output, parts in enumerate(explanation.values()):
            total = parts["baseline"] + sum(parts["contributions"].values())
            scale = max(1.0, abs(expected[index, output]))
            for value in (total, parts["score"]):
                assert abs(value - expected[index, output]) <= SAME_ANSWER * scale


def test_a_null_and_an_unseen_category_are_explained(
    credit: tuple[pd.DataFrame, pd.Series],
) -> None:
    X, y = credit
    pipeline = make_credit(LogisticRegression(max_iter=2000)).fit(X, y)
    explainer, _ = explain(pipeline, X, ("bad", "good"))
    contract = observe_table(X)
    columns = tuple([value] for value in explainer.reference)
    strange = {"Home": "castle", "Income": None}
    changed = tuple(
        [strange.get(feature.name, column[0])]
        for feature, column in zip(contract.features, columns, strict=True)
    )
    [explanation] = explainer.explain(Instances(changed, 1))
    parts = explanation["good"]
    expected = pipeline.decision_function(build_table(contract, changed))[0]
    total = parts["baseline"] + sum(parts["contributions"].values())
    assert total == pytest.approx(expected, abs=SAME_ANSWER)


@pytest.mark.parametrize(
    ("model", "after", "said"),
    [
        (RandomForestClassifier(2), (), "RandomForestClassifier is no linear model"),
        (LogisticRegression(), (PCA(2),), "PCA makes columns of several features"),
        (LogisticRegression(), (PolynomialFeatures(2),), "PolynomialFeatures makes"),
        (
            LogisticRegression(),
            (FunctionTransformer(np.cumsum),),
            "FunctionTransformer",
        ),
        (PoissonRegressor(), (), "PoissonRegressor is no linear model"),
    ],
)
def test_what_would_not_be_exact_is_refused_with_the_reason(
    model: Any, after: tuple[Any, ...], said: str
) -> None:
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 4.0, 3.0]})
    pipeline = make_pipeline(*after, model).fit(X, [0, 1, 0, 1])
    with pytest.raises(NotExplainedError, match=said):
        explain(pipeline, X, ("no", "yes"))


def test_more_than_a_request_may_have_explained_is_refused() -> None:
    X = pd.DataFrame({"a": np.arange(200.0)})
    explainer, instances = explain(LinearRegression().fit(X, X["a"]), X, ("value",))
    with pytest.raises(TooManyInstancesError, match=f"the {MAX_INSTANCES} that"):
        explainer.explain(instances)


def test_requests_are_explained_as_they_are_decoded() -> None:
    fitted = FITTED["array"]()
    contract = observe_table(fitted.X)
    body = b'{"instances": [%s]}' % str(fitted.X[0].tolist()).encode()
    sample = Instances(tuple(map(list, fitted.X.T.tolist())), len(fitted.X))
    reference = FittedPipeline(fitted.pipeline)
    form = reference.task.form_names(("0", "1", "2"))
    assert form
    explainer = build_explainer(reference, contract, form, sample)
    [explanation] = explainer.explain(Codec(contract, UNBOUNDED).load(body))
    expected = fitted.pipeline.decision_function(fitted.X[:1])[0]
    assert [each["score"] for each in explanation.values()] == pytest.approx(expected)
