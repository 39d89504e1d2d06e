"""What a pipeline takes is learnt by asking it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Feature
from service.model.contract.request_limits import UNBOUNDED
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
    return propose_contract(FittedPipeline(pipeline), X, edits=edits).features[0]


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
    [feature] = propose_contract(FittedPipeline(pipeline), texts).features
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


def test_a_logarithm_bounds_its_number_below() -> None:
    feature = propose(compute(np.log), NUMBERS)
    assert feature.minimum == 1.0
    assert feature.maximum is None or float(feature.maximum) > 1e6


def test_a_pipeline_that_raises_at_zero_is_refused_until_zero_is_left_out() -> None:
    with pytest.raises(ContractError, match="does not answer when 'x' is"):
        propose(compute(np.reciprocal), NUMBERS)
    fitted = compute(np.reciprocal).fit(NUMBERS, TARGET)
    edits: dict[str, FeatureEdit] = {"x": {"minimum": 0.5}, "z": {"minimum": 0.5}}
    contract = propose_contract(FittedPipeline(fitted), NUMBERS, edits=edits)
    assert [feature.minimum for feature in contract.features] == [0.5, 0.5]


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
    assert feature.type == "date-time"
    assert feature.minimum == "1700-01-01T00:00:00"
    assert feature.maximum == "2250-01-01T00:00:00"


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
    return propose_contract(FittedPipeline(pipeline), NUMBERS, edits=edits)


@pytest.mark.parametrize("key", ["minimum", "maximum"])
def test_a_bound_is_not_removed_without_asking(key: str) -> None:
    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    with pytest.raises(ContractError, match="'x' lets in"):
        propose(forest, NUMBERS, **{key: None})
    boosting = DecisionTreeClassifier()
    assert propose(boosting, NUMBERS.astype("int8"), **{key: None}).minimum is None


def test_codes_are_not_opened_without_asking() -> None:
    codes = pd.DataFrame({"code": [1, 2, 4, 1]})
    with pytest.raises(ContractError, match="'code' lets in"):
        propose(encode(), codes, categories=None)


def test_edits_that_overflow_together_are_refused() -> None:
    regressor = make_pipeline(FunctionTransformer(square), LinearRegression())
    assert edit_numbers(regressor).features[0].maximum == FLOAT32_MAX
    wide: FeatureEdit = {"minimum": -1e200, "maximum": 1e200}
    with pytest.raises(ContractError, match=r"'x', 'z' let in .* together"):
        edit_numbers(regressor, x=wide, z=wide)


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
    contract = propose_contract(FittedPipeline(pipeline.fit(texts, TARGET)), texts)
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
    assert reference.pipeline.calls < 2 * 300


class Counting(LinearRegression):  # type: ignore[misc]
    """Counts how often it is asked."""

    calls = 0

    def predict(self, X: Any) -> Any:
        self.calls += 1
        return super().predict(X)
