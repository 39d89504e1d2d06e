"""Mappings to rows, held against scikit-learn."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prose import read_prose
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan, compile_plan
from service.model.plan.transformers.mappings import plan_feature_hasher
from service.model.prediction.gate import check_agreement

PROSE, TOPICS = read_prose()
ROWS: list[dict[str, Any]] = [
    {
        "first": text.split()[0],
        "words": len(text.split()),
        "mean": len(text) / len(text.split()),
        "has note": "note" in text,
        **({"colon": text.count(":")} if ":" in text else {}),
    }
    for text in PROSE
]
VECTORIZERS = [
    DictVectorizer(),
    DictVectorizer(sparse=False, separator="/"),
    FeatureHasher(64),
    FeatureHasher(7, alternate_sign=False),
]
VALUES = (
    st.floats(-1e6, 1e6)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.sampled_from([5e-324, -0.0, 0, "", "note", "é\N{GRINNING FACE}"])
)
NAMES = st.sampled_from(["first", "words", "mean", "colon", "new", "", "first=note"])


@cache
def fit(index: int) -> tuple[Any, Plan]:
    pipeline = make_pipeline(
        VECTORIZERS[index], MaxAbsScaler(), LogisticRegression(max_iter=1000)
    )
    pipeline.fit(ROWS, TOPICS)
    columns = read_columns(ROWS, range(0, len(ROWS), 4))
    return pipeline, compile_plan(pipeline, observe_table(ROWS), columns)


@pytest.mark.parametrize("index", range(len(VECTORIZERS)))
def test_vectorizers_of_mappings_agree(index: int) -> None:
    pipeline, plan = fit(index)
    assert plan.reason == ""
    plan.uses_single_path = True
    difference = check_agreement(
        FittedPipeline(pipeline), plan.predict, observe_table(ROWS), (ROWS,)
    )
    assert difference <= 1e-14


@given(
    st.integers(0, len(VECTORIZERS) - 1),
    st.lists(st.dictionaries(NAMES, VALUES, max_size=5), min_size=1, max_size=3),
)
def test_any_mappings_are_answered_alike(
    index: int, rows: list[dict[str, Any]]
) -> None:
    pipeline, plan = fit(index)
    expected = pipeline.predict_proba(rows)
    found = plan.predict([rows]).probabilities
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_series_of_mappings_has_a_plan() -> None:
    X = pd.Series(ROWS)
    pipeline = make_pipeline(DictVectorizer(), LogisticRegression(max_iter=2000))
    contract = observe_table(X)
    plan = compile_plan(pipeline.fit(X, TOPICS), contract, read_columns(X, range(9)))
    reference = FittedPipeline(pipeline)
    assert check_agreement(reference, plan.predict, contract, (ROWS[:20],)) <= 1e-12


@pytest.mark.parametrize(
    ("hasher", "reason"),
    [
        (FeatureHasher(input_type="pair"), "takes no mappings"),
        (FeatureHasher(dtype=np.float32), "gives float32"),
    ],
)
def test_what_cannot_be_exact_says_why(hasher: Any, reason: str) -> None:
    with pytest.raises(NoPlanError, match=reason):
        plan_feature_hasher(hasher)
