"""However fitted parts are put together, the plan answers as the pipeline does."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines import FITTED
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import AdaBoostClassifier, HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

import train
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan, compile_plan, is_single_path_faster
from service.model.plan.steps import Step
from service.model.prediction.gate import check_agreement

X, Y = train.read_data()
NUMBERS = list(X.select_dtypes("number"))
TEXTS = list(X.select_dtypes(exclude="number"))
# scikit-learn's own, which has no compiled form by this metric.
UNCOMMON = KNeighborsClassifier(metric="correlation")


class Logarithm(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that no table lists."""

    def fit(self, X: Any, y: Any = None) -> "Logarithm":
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        return np.log1p(np.abs(np.asarray(X, dtype=float)))


class Overwriting(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that writes into the array it is given."""

    def fit(self, X: Any, y: Any = None) -> "Overwriting":
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        X *= 2
        return X


class Halved(StandardScaler):  # type: ignore[misc]
    """A subclass with another transform, not to be mistaken for its parent."""

    def transform(self, X: Any, copy: Any = None) -> Any:
        return super().transform(X) / 2


class Doubled(TfidfVectorizer):  # type: ignore[misc]
    """A vectoriser that no table lists."""

    def transform(self, raw_documents: Any) -> Any:
        return super().transform(raw_documents) * 2


def add_share(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(Share=frame["Amount"] / frame["Price"].clip(lower=1))


def scale() -> BaseEstimator:
    return make_pipeline(SimpleImputer(), StandardScaler())


def encode() -> BaseEstimator:
    return make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )


def columns(*parts: Any, **options: Any) -> ColumnTransformer:
    named = [(f"part{i}", *part) for i, part in enumerate(parts)]
    return ColumnTransformer(named, **{"sparse_threshold": 0, **options})


def boost() -> BaseEstimator:
    return HistGradientBoostingClassifier(max_iter=10, random_state=0)


def fit_plan(*steps: Any, table: Any = X) -> Plan:
    """Fit a pipeline of the steps, and return its plan once it has passed the gate."""
    pipeline = make_pipeline(*steps).fit(table, Y)
    contract = observe_table(table)
    sample = read_columns(table, range(0, len(table), 40))
    plan = compile_plan(pipeline, contract, sample)
    assert_agrees(plan, pipeline, contract, sample)
    return plan


def assert_agrees(plan: Plan, pipeline: Any, contract: Any, sample: Any) -> None:
    """Let it through the gate, by either path of a single row."""
    chosen = plan.uses_single_path
    for plan.uses_single_path in (not chosen, chosen):
        check_agreement(FittedPipeline(pipeline), plan.predict, contract, sample)


COMPOSED: dict[str, Any] = {
    "names": columns((scale(), NUMBERS), (encode(), TEXTS)),
    "positions": columns((scale(), [0, 2, -1]), (encode(), [1])),
    "a slice": columns((scale(), slice(2, 4))),
    "a mask": columns((scale(), (X.dtypes != "str").tolist())),
    "a selector": columns((scale(), make_column_selector(dtype_include="number"))),
    "dropped": columns(("drop", ["Age"]), (encode(), TEXTS)),
    "passed through": columns(("passthrough", ["Age", "Time"]), (encode(), TEXTS)),
    "the rest passed": columns((encode(), TEXTS), remainder="passthrough"),
    "the rest scaled": columns((encode(), TEXTS), remainder=StandardScaler()),
    "no columns": columns((scale(), []), (encode(), TEXTS)),
    "sparse": columns((scale(), NUMBERS), (encode(), TEXTS), sparse_threshold=1.0),
    "a column twice": columns((scale(), NUMBERS), (scale(), ["Age"])),
    "nested": columns(
        (columns((scale(), ["Age"]), (encode(), ["Job"])), ["Job", "Age"])
    ),
    "a union": columns(
        (FeatureUnion([("s", scale()), ("m", SimpleImputer())]), NUMBERS)
    ),
    "weights": columns(
        (scale(), NUMBERS),
        ("passthrough", ["Age"]),
        (encode(), TEXTS),
        transformer_weights={"part0": 0.3, "part1": 7},
    ),
    "a union with weights": columns(
        (
            FeatureUnion(
                [("s", scale()), ("m", SimpleImputer())], transformer_weights={"m": 0.1}
            ),
            NUMBERS,
        )
    ),
    "a union that drops": columns(
        (FeatureUnion([("s", scale()), ("d", "drop")]), NUMBERS)
    ),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_what_is_listed_runs_as_compiled(name: str) -> None:
    final = LogisticRegression(max_iter=1000) if name == "sparse" else boost()
    assert fit_plan(COMPOSED[name], final).uncompiled_steps == ()


def test_a_bare_column_of_text_leaves_the_other_blocks_their_plan() -> None:
    table = X.assign(Marital=X["Marital"].fillna("none"), Home=X["Home"].fillna("none"))
    steps = columns(
        (Doubled(), "Marital"),
        (make_pipeline(CountVectorizer(), StandardScaler(with_mean=False)), "Home"),
        (scale(), NUMBERS),
        transformer_weights={"part0": 0.5},
    )
    plan = fit_plan(steps, boost(), table=table)
    assert plan.uncompiled_steps == ("Doubled",)
    assert plan.reason == (
        "step 'columntransformer__part0': Doubled has no compiled form."
    )


def test_a_bare_column_of_an_array_runs_as_itself() -> None:
    table = X[NUMBERS].fillna(0).to_numpy()
    bare = FunctionTransformer(lambda column: column.reshape(-1, 1) / 2)
    plan = fit_plan(
        columns((bare, 0), (StandardScaler(), [1, 2])), boost(), table=table
    )
    assert plan.uncompiled_steps == ("FunctionTransformer",)
    assert plan.reason == "step 'columntransformer__part0': It takes a bare column."


@pytest.mark.parametrize(
    ("steps", "uncompiled_steps"),
    [
        (
            (
                columns((scale(), NUMBERS), (encode(), TEXTS)),
                UNCOMMON,
            ),
            1,
        ),
        ((columns((Logarithm(), ["Amount"]), (encode(), TEXTS)), boost()), 1),
        ((columns((Halved(), ["Amount", "Price"]), (encode(), TEXTS)), boost()), 1),
        (
            (
                columns((make_pipeline(SimpleImputer(), Logarithm()), NUMBERS)),
                MinMaxScaler(),
                boost(),
            ),
            1,
        ),
        (
            (
                FunctionTransformer(add_share),
                columns((scale(), [*NUMBERS, "Share"]), (encode(), TEXTS)),
                boost(),
            ),
            1,
        ),
        (
            (
                columns(
                    (Doubled(), "Marital"),
                    (scale(), NUMBERS),
                ),
                boost(),
            ),
            1,
        ),
    ],
)
def test_a_step_that_is_not_listed_runs_as_itself(
    steps: tuple[Any, ...], uncompiled_steps: int
) -> None:
    table = X.assign(Marital=X["Marital"].fillna("none"))
    assert len(fit_plan(*steps, table=table).uncompiled_steps) == uncompiled_steps


def test_a_step_that_overwrites_its_input_spoils_no_other() -> None:
    overwrites = make_pipeline(SimpleImputer(), Overwriting())
    union = FeatureUnion([("o", overwrites), ("s", SimpleImputer())])
    steps = columns((make_pipeline(scale(), union), NUMBERS))
    plan = fit_plan(steps, LogisticRegression(max_iter=1000))
    assert plan.uncompiled_steps == ("Overwriting",)


@pytest.mark.parametrize("uses_single_path", [False, True])
@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    ],
)
def test_an_infinity_that_a_step_made_is_no_unseen_category(
    encoder: BaseEstimator, *, uses_single_path: bool
) -> None:
    logarithm = FunctionTransformer(np.log, check_inverse=False)
    table = X[["Age", "Time"]]
    plan = fit_plan(logarithm, encoder, boost(), table=table)
    plan.uses_single_path = uses_single_path
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match="infinite"):
        plan.predict([[0], [60]])


def test_frames_between_steps_carry_their_names() -> None:
    steps = columns((scale(), NUMBERS), (OrdinalEncoder(), ["Records"]))
    steps.set_output(transform="pandas")
    plan = fit_plan(steps, FunctionTransformer(lambda frame: frame * 2), boost())
    assert plan.uncompiled_steps == ()


@pytest.mark.parametrize("name", sorted(FITTED.keys() - {"moody"}))
def test_the_plans_of_whole_pipelines_pass_the_gate(name: str) -> None:
    fitted = FITTED[name]()
    contract = observe_table(fitted.X)
    # A row alone takes 10 ms where steps run as themselves, as they do in this one.
    rows = range(0, len(fitted.X), 40 if name == "mixed" else 1)
    sample = read_columns(fitted.X, rows)
    plan = compile_plan(fitted.pipeline, contract, sample)
    assert_agrees(plan, fitted.pipeline, contract, sample)


def test_only_what_is_compiled_throughout_has_a_single_path() -> None:
    fitted = FITTED["credit"]()
    sample = read_columns(fitted.X, range(0, len(fitted.X), 40))
    assert compile_plan(
        fitted.pipeline, observe_table(fitted.X), sample
    ).uses_single_path
    assert not fit_plan(columns((Logarithm(), ["Amount"])), boost()).uses_single_path


@pytest.mark.parametrize("answer", [1.0, np.nextafter(1.0, 2.0), -1.0])
def test_a_single_path_with_other_bits_is_not_used(answer: float) -> None:
    def take_long(block: Any) -> Outputs:
        return Outputs(values=np.linalg.inv(np.eye(200))[:1, :1])

    step = Step(take_long, lambda row: Outputs(values=np.array([[answer]])))
    assert is_single_path_faster(step, [(1.0,), (2.0,)]) == (answer == 1.0)


def test_a_bare_array_has_a_plan() -> None:
    table = X[NUMBERS].to_numpy()
    assert fit_plan(SimpleImputer(), StandardScaler(), boost(), table=table)


def test_a_narrow_table_is_not_widened() -> None:
    table = X[NUMBERS].fillna(0).astype("float32")
    with pytest.raises(NoPlanError, match="no array of float64"):
        fit_plan(StandardScaler(), LogisticRegression(), table=table)


def test_a_pipeline_with_nothing_to_compile_has_no_plan() -> None:
    table = X[NUMBERS].fillna(0).to_numpy()
    reason = (
        "step 'kneighborsclassifier': KNeighborsClassifier searches in an uncommon way."
    )
    with pytest.raises(NoPlanError, match=re.escape(reason)):
        fit_plan(UNCOMMON, table=table)


def test_what_has_no_plan_is_asked_for_an_array_where_that_is_the_same() -> None:
    plan = fit_plan(UNCOMMON, table=X[NUMBERS].fillna(0))
    assert plan.uncompiled_steps == ("KNeighborsClassifier",)


def test_what_misses_the_names_of_a_frame_within_is_given_the_frame() -> None:
    model = CalibratedClassifierCV(AdaBoostClassifier(n_estimators=2), cv=2)
    table = X[NUMBERS].fillna(0)
    fitted = model.fit(table, Y)
    with pytest.raises(NoPlanError, match="AdaBoostClassifier has no compiled decis"):
        compile_plan(fitted, observe_table(table), read_columns(table, range(9)))


def test_a_step_that_gives_what_no_step_takes_is_named() -> None:
    words = FunctionTransformer(lambda table: np.array(table, dtype=object))
    reason = "step 'functiontransformer': It gives ndarray, no array of float64."
    with pytest.raises(NoPlanError, match=re.escape(reason)):
        fit_plan(words, OrdinalEncoder(), boost(), table=X[["Records"]])


def test_columns_that_an_array_has_no_names_for_are_taken_by_sklearn() -> None:
    scaled = StandardScaler().set_output(transform="pandas")
    table = X[["Age", "Time"]]
    plan = fit_plan(scaled, columns((StandardScaler(), ["Age"])), boost(), table=table)
    assert plan.uncompiled_steps == ("ColumnTransformer",)
