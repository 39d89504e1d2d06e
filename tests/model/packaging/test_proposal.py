"""What a pipeline takes is learnt by asking it."""

import json
import math
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines import FITTED
from scipy.special import logit
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.neighbors import RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature
from service.model.contract.plain_values import to_json
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.table_rows import read_columns
from service.model.errors import ContractError, ContractViolationError
from service.model.packaging.edits import FeatureEdit
from service.model.packaging.proposal import propose_contract
from service.model.pipeline import FittedPipeline

FLOAT32_MAX = 3.4028234663852886e38
NUMBERS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [4.0, 1.0, 3.0, 2.0]})
TARGET = [0, 1, 0, 1]


def propose(pipeline: Any, X: Any, **edit: Any) -> Feature:
    """Fit, and return the first feature of the proposed contract."""
    pipeline.fit(X, TARGET)
    edits: dict[str, FeatureEdit] = {str(X.columns[0]): edit} if edit else {}  # type: ignore[dict-item]
    return propose_contract(FittedPipeline(pipeline), X, edits=edits).contract.features[
        0
    ]


def encode(**options: Any) -> BaseEstimator:
    return make_pipeline(
        make_column_transformer((OneHotEncoder(**options), [0])), LogisticRegression()
    )


def compute(function: Any) -> BaseEstimator:
    return make_pipeline(FunctionTransformer(function), LinearRegression())


def test_a_null_is_let_in_where_it_is_answered() -> None:
    imputing = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    assert propose(imputing, NUMBERS).nullable
    assert not propose(LogisticRegression(), NUMBERS).nullable


def test_an_unseen_category_is_let_in_where_it_is_answered() -> None:
    texts = pd.DataFrame({"home": ["rent", "own", "own", "rent"]})
    ignoring = encode(handle_unknown="ignore")
    assert propose(ignoring, texts).categories is None
    assert propose(encode(), texts).categories == ("own", "rent")


def test_a_closed_set_of_thousands_is_kept_whole() -> None:
    texts = pd.DataFrame({"home": [f"home {i}" for i in range(1000)]})
    pipeline = encode().fit(texts, TARGET * 250)
    [feature] = propose_contract(FittedPipeline(pipeline), texts).contract.features
    assert len(feature.categories or ()) == 1000
    assert feature.observed.categories is None


def test_integer_codes_are_a_closed_set_where_no_other_is_answered() -> None:
    codes = pd.DataFrame({"code": [1, 2, 4, 1]})
    feature = propose(encode(), codes)
    assert feature.type == "integer"
    assert feature.categories == (1, 2, 4)
    assert propose(encode(handle_unknown="ignore"), codes).categories is None


def test_a_forest_compares_in_float32_and_so_bounds_its_numbers() -> None:
    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    feature = propose(forest, NUMBERS)
    assert (feature.minimum, feature.maximum) == (-FLOAT32_MAX, FLOAT32_MAX)


def test_extremes_that_overflow_together_are_bounded() -> None:
    feature = propose(LinearRegression(), NUMBERS * 1e-3)
    assert feature.maximum is not None
    X = pd.DataFrame({"x": [feature.maximum], "z": [-float(feature.maximum)]})
    fitted = LinearRegression().fit(NUMBERS * 1e-3, TARGET)
    assert np.isfinite(fitted.predict(X)).all()


AMOUNTS = pd.DataFrame({"x": [523.0, 8976.0, 1200.0, 640.0]})
SHARES = pd.DataFrame({"x": [0.12, 0.83, 0.41, 0.5]})


@pytest.mark.parametrize(
    ("function", "X", "minimum", "maximum"),
    [
        (np.log1p, AMOUNTS, -1.0, None),
        (np.sqrt, AMOUNTS, 0.0, None),
        (np.log, AMOUNTS, 1e-300, None),
        (logit, SHARES, 1e-300, 1.0),
        (np.arcsin, SHARES, -1.0, 1.0),
        (np.exp, SHARES, None, math.log(sys.float_info.max)),
        (lambda x: np.sqrt(100 - x), SHARES, None, 100.0),
    ],
    ids=["log1p", "sqrt", "log", "logit", "arcsin", "exp", "sqrt(100-x)"],
)
def test_a_bound_goes_where_the_pipeline_stops_answering(
    function: Any, X: pd.DataFrame, minimum: float | None, maximum: float | None
) -> None:
    """To a billionth of it, or of the largest number observed."""
    feature = propose(compute(function), X)
    assert feature.categories is None
    for found, wanted, inwards in (
        (feature.minimum, minimum, 1),
        (feature.maximum, maximum, -1),
    ):
        if wanted is None:
            assert found is None or abs(float(found)) >= 1e18
            continue
        assert found is not None
        distance = inwards * (float(found) - wanted)
        assert 0 <= distance <= 1e-8 * max(abs(wanted), X["x"].max())


def test_box_cox_takes_every_positive_number() -> None:
    transformer = PowerTransformer("box-cox", standardize=False)
    feature = propose(make_pipeline(transformer, LinearRegression()), AMOUNTS)
    assert feature.minimum == 1e-300


def test_a_poisson_regressor_takes_a_ratio_above_those_of_training() -> None:
    feature = propose(PoissonRegressor(), SHARES)
    assert feature.categories is None
    assert feature.maximum is not None
    assert float(feature.maximum) > 100


def test_a_limit_that_depends_on_another_feature_is_no_bound() -> None:
    def subtract(X: pd.DataFrame) -> pd.DataFrame:
        return np.log(X[["x"]] - X[["z"]].to_numpy())

    X = pd.DataFrame({"x": [5.0, 6.0, 7.0, 8.0], "z": [4.0, 1.0, 3.0, 2.0]})
    assert propose(compute(subtract), X).minimum is None


@pytest.mark.filterwarnings("ignore:One or more samples")
def test_a_quantity_that_is_answered_near_its_points_is_no_list_of_them() -> None:
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(150, 2)).round(2), columns=["x", "z"])
    fitted = RadiusNeighborsRegressor(0.3).fit(X, X["x"])
    contract, notes = propose_contract(FittedPipeline(fitted), X)
    for feature in contract.features:
        assert feature.categories is None
        assert (feature.minimum, feature.maximum) == (None, None)
    assert not notes


def test_numbers_that_are_never_repeated_get_a_range_and_a_warning() -> None:
    """Each is a category to this encoder, and none of them comes again."""
    X = pd.DataFrame({"x": [0.25, 1.5, 2.25, 3.5]})
    pipeline = encode().fit(X, TARGET)
    with pytest.warns(UserWarning, match=r"features=\{'x': \{'m..imum': None\}\}"):
        contract, notes = propose_contract(FittedPipeline(pipeline), X)
    [feature] = contract.features
    assert (feature.minimum, feature.maximum) == (0.25, 3.5)
    assert "x: minimum 0.25, the last value of training" in notes[0]
    edits: dict[str, FeatureEdit] = {"x": {"minimum": None, "maximum": None}}
    contract, _ = propose_contract(FittedPipeline(pipeline), X, edits=edits)
    assert contract.features[0].minimum is None


def test_codes_next_to_each_other_are_a_range() -> None:
    codes = pd.DataFrame({"code": [1, 2, 3, 1]})
    with pytest.warns(UserWarning, match="last value of training"):
        feature = propose(encode(), codes)
    assert (feature.categories, feature.minimum, feature.maximum) == (None, 1, 3)


def test_codes_among_nulls_are_a_closed_set() -> None:
    codes = pd.DataFrame({"code": [1.0, 2.0, 4.0, np.nan]})
    assert propose(encode(), codes).categories == (1.0, 2.0, 4.0)


def test_each_feature_that_is_stricter_than_its_type_has_a_line() -> None:
    X = pd.DataFrame({"x": [5.0, 6.0, 7.0], "home": ["rent", "own", "own"]})
    pipeline = make_pipeline(
        make_column_transformer(
            (FunctionTransformer(np.sqrt), ["x"]), (OneHotEncoder(), ["home"])
        ),
        LinearRegression(),
    )
    _, notes = propose_contract(FittedPipeline(pipeline.fit(X, [0, 1, 0])), X)
    assert notes == (
        "x: minimum 0.0, where the pipeline stops answering",
        "home: one of 2 values: the pipeline answers no other",
    )


def test_one_number_that_is_not_answered_does_not_bound_its_feature() -> None:
    reciprocal = compute(np.reciprocal).fit(NUMBERS, TARGET)
    contract, notes = propose_contract(FittedPipeline(reciprocal), NUMBERS)
    for feature in contract.features:
        assert feature.categories is None
        assert abs(float(feature.minimum or 1e18)) >= 1e18
    assert not notes


def test_a_narrow_column_is_asked_for_what_it_holds() -> None:
    narrow = NUMBERS.astype("int8")
    feature = propose(DecisionTreeClassifier(), narrow)
    assert (feature.minimum, feature.maximum) == (None, None)


def count_days(dates: pd.DataFrame) -> pd.DataFrame:
    """Return days since 1970; as nanoseconds, which the years 1 and 9999 overflow."""
    nanoseconds = dates.astype("datetime64[ns]").astype("int64")
    return nanoseconds / 86_400e9


def test_dates_are_bounded_where_the_pipeline_overflows() -> None:
    days = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=4, unit="s")})
    feature = propose(compute(count_days), days)
    assert feature.type == "date"
    assert feature.minimum == "1700-01-01"
    assert feature.maximum == "2250-01-01"


def test_the_owner_tightens_and_describes() -> None:
    feature = propose(
        LogisticRegression(), NUMBERS, minimum=0, maximum=9.5, unit="m", description="d"
    )
    assert (feature.minimum, feature.maximum) == (0, 9.5)
    assert (feature.unit, feature.description) == ("m", "d")


def test_the_owner_closes_and_opens_a_set_of_categories() -> None:
    texts = pd.DataFrame({"home": ["rent", "own", "own", "rent"]})
    ignoring = encode(handle_unknown="ignore")
    assert propose(ignoring, texts, unseen="reject").categories == ("own", "rent")
    assert propose(ignoring, texts, categories=["own"]).categories == ("own",)
    assert propose(ignoring, texts, unseen="allow").categories is None


def test_a_default_makes_a_field_optional() -> None:
    feature = propose(LogisticRegression(), NUMBERS, default=2.5)
    assert (feature.required, feature.default) == (False, 2.5)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"nullable": True}, "lets in a null"),
        ({"default": None}, "must not be null"),
        ({"default": "two"}, "must be a number"),
        ({"default": 20, "maximum": 10}, "must be at most 10"),
        ({"minimum": "low"}, "'x'"),
        ({"minimum": 3, "maximum": 1}, "'x'"),
        ({"categories": ["a"]}, "must be a number"),
        ({"min": 3}, "'min'"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(
    edit: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        propose(LogisticRegression(), NUMBERS, **edit)


@pytest.mark.parametrize("edit", [{"unseen": "allow"}, {"categories": ["own", "tent"]}])
def test_a_category_that_is_not_answered_is_not_let_in(edit: dict[str, Any]) -> None:
    texts = pd.DataFrame({"home": ["rent", "own", "own", "rent"]})
    with pytest.raises(ContractError, match="'home' lets in"):
        propose(encode(), texts, **edit)


def test_an_edit_of_no_feature_is_refused() -> None:
    fitted = LogisticRegression().fit(NUMBERS, TARGET)
    with pytest.raises(ContractError, match="'y'"):
        propose_contract(FittedPipeline(fitted), NUMBERS, edits={"y": {"minimum": 0}})


def edit_numbers(pipeline: Any, **edits: Any) -> Any:
    pipeline.fit(NUMBERS, TARGET)
    return propose_contract(FittedPipeline(pipeline), NUMBERS, edits=edits).contract


@pytest.mark.parametrize("key", ["minimum", "maximum"])
def test_the_owner_removes_a_bound(key: str) -> None:
    """What the pipeline does not answer beyond it is refused when it comes."""
    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    assert getattr(propose(forest, NUMBERS, **{key: None}), key) is None


def test_codes_are_not_opened_without_asking() -> None:
    codes = pd.DataFrame({"code": [1, 2, 4, 1]})
    with pytest.raises(ContractError, match="'code' lets in"):
        propose(encode(), codes, categories=None)


def test_numbers_that_overflow_together_are_bounded() -> None:
    regressor = make_pipeline(FunctionTransformer(square), LinearRegression())
    assert edit_numbers(regressor).features[0].maximum == FLOAT32_MAX


def square(X: pd.DataFrame) -> pd.DataFrame:
    return X * X.to_numpy()[:, ::-1]


class Centred(BaseEstimator):  # type: ignore[misc]
    """A transformer that fills a null by its neighbours' mean, and centres by it."""

    def fit(self, X: Any, y: Any = None) -> "Centred":
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        filled = X.fillna(X.mean()).fillna(0.0)
        return filled - (0.0 if not X.isna().any(axis=None) else filled.mean())


def test_a_value_that_changes_its_neighbours_is_not_let_in() -> None:
    assert not propose(make_pipeline(Centred(), LinearRegression()), NUMBERS).nullable


def test_a_null_that_an_array_of_strings_cannot_hold_is_not_let_in() -> None:
    texts = np.array([["a"], ["b"], ["b"], ["a"]])
    pipeline = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LinearRegression())
    contract, _ = propose_contract(FittedPipeline(pipeline.fit(texts, TARGET)), texts)
    assert not contract.features[0].nullable
    codec = Codec(contract, UNBOUNDED)
    assert codec.load(b'{"instances": [{"x0": "\\u0000c\\n"}]}').count == 1
    with pytest.raises(ContractViolationError, match="NUL"):
        codec.load(b'{"instances": [{"x0": "a\\u0000"}]}')


def test_a_default_for_a_date_is_given() -> None:
    days = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=4, unit="s")})
    feature = propose(compute(count_days), days, default="2024-01-31T00:00:00")
    loaded = Codec(Contract(features=(feature,)), UNBOUNDED).load(
        b'{"instances": [{}]}'
    )
    assert loaded.columns[0] == [pd.Timestamp("2024-01-31")]


@pytest.mark.parametrize(
    "edits",
    [
        ["x"],
        {"x": None},
        {"x": {"categories": 5}},
        {"x": {"categories": "ab"}},
        {"x": {"categories": []}},
        {"x": {"unseen": "rejct"}},
        {"x": {"nullable": 1}},
        {"x": {"unit": 5}},
        {"x": {"description": "\ud800"}},
        {"x": {"minimum": [1]}},
        {"x": {"default": {}}},
    ],
)
def test_what_is_no_edit_is_refused(edits: Any) -> None:
    fitted = LogisticRegression().fit(NUMBERS, TARGET)
    with pytest.raises(ContractError, match=r"'x'|features="):
        propose_contract(FittedPipeline(fitted), NUMBERS, edits=edits)


def test_numpy_scalars_are_taken_for_what_they_hold() -> None:
    feature = propose(
        LogisticRegression(), NUMBERS, minimum=np.float64(0), default=np.int64(3)
    )
    assert (feature.minimum, feature.default) == (0.0, 3)
    assert type(feature.default) is int


def test_hundreds_of_columns_take_few_questions() -> None:
    wide = pd.DataFrame(np.eye(300) + np.arange(300)).add_prefix("x")
    reference = FittedPipeline(Counting().fit(wide, np.arange(300.0)))
    propose_contract(reference, wide)
    assert reference.pipeline.calls < 100


def test_hundreds_of_columns_with_a_limit_each_are_not_asked_for_it() -> None:
    wide = pd.DataFrame(np.eye(300) + np.arange(1, 301)).add_prefix("x")
    counting = make_pipeline(FunctionTransformer(np.log), Counting())
    reference = FittedPipeline(counting.fit(wide, np.arange(300.0)))
    contract, _ = propose_contract(reference, wide)
    assert counting[-1].calls < 400
    assert contract.features[0].minimum is None


def test_one_null_among_hundreds_of_columns_is_found() -> None:
    wide = pd.DataFrame(np.eye(100) + np.arange(100)).add_prefix("x")
    wide.loc[0, "x7"] = np.nan
    imputing = make_column_transformer(
        (SimpleImputer(), ["x7"]), remainder="passthrough"
    )
    pipeline = make_pipeline(imputing, LinearRegression()).fit(wide, np.arange(100.0))
    contract, _ = propose_contract(FittedPipeline(pipeline), wide)
    assert [f.name for f in contract.features if f.nullable] == ["x7"]


class Counting(LinearRegression):  # type: ignore[misc]
    """Counts how often it is asked."""

    calls = 0

    def predict(self, X: Any) -> Any:
        self.calls += 1
        return super().predict(X)


def draw_numbers() -> pd.DataFrame:
    """Return a skewed amount, a share, a count and a normal number."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "amount": random.lognormal(7, 1, 200),
            "share": random.beta(2, 2, 200),
            "count": random.poisson(2, 200),
            "z": random.normal(size=200),
        }
    )


def transform(transformer: Any, column: str, final: Any = None) -> BaseEstimator:
    if not hasattr(transformer, "fit"):
        transformer = FunctionTransformer(transformer)
    columns = make_column_transformer((transformer, [column]), remainder="passthrough")
    return make_pipeline(columns, final or Ridge())


PIPELINES: dict[str, Any] = {
    "log": transform(np.log, "amount"),
    "log1p": transform(np.log1p, "amount"),
    "box-cox": transform(PowerTransformer("box-cox"), "amount"),
    "logit": transform(logit, "share"),
    "one-hot counts": transform(OneHotEncoder(), "count"),
    "spline": transform(SplineTransformer(extrapolation="error"), "z"),
    "poisson": make_pipeline(StandardScaler(), PoissonRegressor()),
    "radius": make_pipeline(StandardScaler(), RadiusNeighborsRegressor(0.5)),
    "forest": RandomForestClassifier(5, random_state=0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*FITTED, *PIPELINES])
def test_one_half_of_the_data_refuses_no_row_of_the_other_that_is_answered(
    name: str,
) -> None:
    if name in FITTED:
        fitted = FITTED[name]()
        pipeline, X, y = clone(fitted.pipeline), fitted.X, np.asarray(fitted.y)
    else:
        pipeline, X = clone(PIPELINES[name]), draw_numbers()
        y = np.asarray(X["count"])
    places = X.iloc if hasattr(X, "iloc") else X
    for start in (0, 1):
        half, other = places[start::2], places[1 - start :: 2]
        reference = FittedPipeline(pipeline.fit(half, y[start::2]))
        contract, _ = propose_contract(reference, half)
        names = [feature.name for feature in contract.features]
        is_answered = find_answered_rows(reference, other)
        rows = [
            {key: to_json(value) for key, value in zip(names, row, strict=True)}
            for row, is_kept in zip(
                zip(*read_columns(other, range(len(other))), strict=True),
                is_answered,
                strict=True,
            )
            if is_kept
        ]
        assert len(rows) > 0.5 * len(other)
        body = json.dumps({"instances": rows}).encode()
        assert Codec(contract, UNBOUNDED).load(body).count == len(rows)


def find_answered_rows(reference: FittedPipeline, table: Any) -> list[bool]:
    try:
        return [bool(finite) for finite in reference.ask(table).find_finite()]
    except ValueError:
        if len(table) == 1:
            return [False]
    places = table.iloc if hasattr(table, "iloc") else table
    middle = len(table) // 2
    halves = (places[:middle], places[middle:])
    return [found for half in halves for found in find_answered_rows(reference, half)]
