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

from service.model.contract import Feature
from service.model.errors import ContractError
from service.model.proposal import FeatureEdit, propose_contract
from service.model.reference import Reference

FLOAT32_MAX = 3.4028234663852886e38
NUMBERS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [4.0, 1.0, 3.0, 2.0]})
TARGET = [0, 1, 0, 1]


def propose(pipeline: Any, X: Any, **edit: Any) -> Feature:
    """Fit, and return the first feature of the proposed contract."""
    pipeline.fit(X, TARGET)
    edits: dict[str, FeatureEdit] = {str(X.columns[0]): edit} if edit else {}  # type: ignore[dict-item]
    return propose_contract(Reference(pipeline), X, edits=edits).features[0]


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
    [feature] = propose_contract(Reference(pipeline), texts).features
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
    contract = propose_contract(Reference(fitted), NUMBERS, edits=edits)
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
        propose_contract(Reference(fitted), NUMBERS, edits={"y": {"minimum": 0}})
