"""Texts to sparse rows, and what is made of these, held against scikit-learn."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prose import read_prose
from sklearn import feature_selection as selection
from sklearn import linear_model, naive_bayes, svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from service.model.contract.features import Contract
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import TEXTS as TEXT_BLOCK
from service.model.plan.blocks import BlockType
from service.model.plan.conversions import convert
from service.model.plan.plan import Plan, compile_plan
from service.model.plan.transformers.texts import TEXT_VECTORIZERS
from service.model.prediction.gate import check_agreement

TEXTS, TOPICS = (values[::3] for values in read_prose())
STARTS = [topic[0] < "f" for topic in TOPICS]

LOGISTIC = linear_model.LogisticRegression()
BAYES = naive_bayes.MultinomialNB()

ODD_TEXTS = [
    "",
    " ",
    "\0",
    "a",
    "the " * 500,
    "The THE the",
    "naïve café — ﬁn Ⅷ İstanbul ß",
    "unseenword anotherone",
    "1e-320 NaN inf -0.0",
    "\N{GRINNING FACE} e\u0301 \u2028 line",
    "wine" + "\t\n" * 9 + "wine",
]


def split_words(text: str) -> list[str]:
    return text.split()


def shout(text: str) -> str:
    return text.upper()


VECTORIZERS = [
    CountVectorizer(),
    CountVectorizer(analyzer="char", ngram_range=(1, 3), max_features=500),
    CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=False),
    CountVectorizer(ngram_range=(1, 2), stop_words="english", binary=True),
    CountVectorizer(vocabulary=["wine", "data", "the"], dtype=np.int32),
    CountVectorizer(token_pattern=r"(\w)\w*", strip_accents="unicode"),
    CountVectorizer(tokenizer=split_words, preprocessor=shout, token_pattern=None),
    CountVectorizer(analyzer=split_words),
    TfidfVectorizer(),
    TfidfVectorizer(sublinear_tf=True, norm="l1", min_df=2, max_df=0.5),
    TfidfVectorizer(use_idf=False, norm=None, strip_accents="ascii"),
    TfidfVectorizer(smooth_idf=False, binary=True, max_features=50),
    HashingVectorizer(n_features=2**10),
    HashingVectorizer(n_features=7, norm=None, binary=True),
    HashingVectorizer(n_features=2**8, alternate_sign=False, norm="l1"),
    make_pipeline(CountVectorizer(), TfidfTransformer(sublinear_tf=True)),
    make_pipeline(TfidfVectorizer(), selection.SelectKBest(selection.chi2, k=50)),
    make_pipeline(TfidfVectorizer(), selection.VarianceThreshold(1e-4)),
    make_pipeline(TfidfVectorizer(), TruncatedSVD(5, random_state=0)),
    make_pipeline(CountVectorizer(), MaxAbsScaler(clip=True)),
    make_pipeline(CountVectorizer(), StandardScaler(with_mean=False)),
    make_pipeline(CountVectorizer(), StandardScaler(with_mean=False, with_std=False)),
    make_pipeline(CountVectorizer(), RobustScaler(with_centering=False)),
    make_pipeline(CountVectorizer(), Normalizer("max"), Binarizer(threshold=0.5)),
    make_union(TfidfVectorizer(), CountVectorizer(analyzer="char", max_df=0.5)),
]
PREDICTORS = [
    LOGISTIC,
    linear_model.SGDClassifier(loss="log_loss", random_state=0),
    linear_model.SGDClassifier(loss="modified_huber", random_state=0),
    linear_model.RidgeClassifier(),
    linear_model.Perceptron(),
    linear_model.SGDClassifier(random_state=0),
    svm.LinearSVC(),
    CalibratedClassifierCV(svm.LinearSVC(), cv=2),
    BAYES,
    naive_bayes.ComplementNB(),
    naive_bayes.BernoulliNB(),
    naive_bayes.BernoulliNB(binarize=None),
    VotingClassifier([("a", BAYES), ("b", LOGISTIC)], voting="soft"),
]


def compile_fitted(pipeline: Any, X: Any, y: Any) -> tuple[Plan, float]:
    """Fit and compile a pipeline, and return its plan and its largest difference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fit, which is not what is tested
        pipeline.fit(X, y)
        contract = observe_table(X)
        columns = read_columns(X, range(len(X)))
        plan = compile_plan(pipeline, contract, read_columns(X, range(0, len(X), 3)))
    plan.uses_single_path = not plan.uncompiled_steps
    reference = FittedPipeline(pipeline)
    if contract.table == "text":
        columns = ([*columns[0], *ODD_TEXTS],)
    return plan, check_agreement(reference, plan.predict, contract, columns)


@pytest.mark.parametrize("vectorizer", VECTORIZERS)
def test_vectorizers_agree(vectorizer: Any) -> None:
    plan, difference = compile_fitted(
        make_pipeline(vectorizer, LOGISTIC), TEXTS, TOPICS
    )
    assert plan.reason == ""
    assert difference <= 1e-14


@pytest.mark.parametrize("y", [TOPICS, STARTS], ids=["many", "two"])
@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
def test_predictors_agree(predictor: Any, y: Any) -> None:
    if isinstance(predictor, CalibratedClassifierCV):
        y = STARTS
    plan, difference = compile_fitted(
        make_pipeline(TfidfVectorizer(), predictor), TEXTS, y
    )
    assert plan.reason == ""
    assert difference <= 1e-14


def test_xgboost_takes_what_a_sparse_row_leaves_out_for_a_null() -> None:
    """And runs as itself, since a row of numbers would have zeros there."""
    y = [int(topic == TOPICS[0]) for topic in TOPICS]
    model = xgboost.XGBClassifier(n_estimators=5, n_jobs=1)
    plan, difference = compile_fitted(make_pipeline(TfidfVectorizer(), model), TEXTS, y)
    assert plan.uncompiled_steps == ("XGBClassifier",)
    assert difference == 0.0


def make_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "body": TEXTS,
            "title": [text[:20] for text in TEXTS],
            "kind": [("a", "b", "c")[len(text) % 3] for text in TEXTS],
            "length": [float(len(text)) for text in TEXTS],
            "lines": [text.count("\n") for text in TEXTS],
        }
    )


@pytest.mark.parametrize("threshold", [0, 0.3, 1], ids=str)
@pytest.mark.parametrize("most", [40, None], ids=["narrow", "wide"])
@pytest.mark.parametrize("predictor", [LOGISTIC, RandomForestClassifier(5)], ids=repr)
def test_texts_beside_other_columns_agree(
    predictor: Any, most: int | None, threshold: float
) -> None:
    X = make_frame()
    title = make_pipeline(CountVectorizer(), TfidfTransformer())
    steps = ColumnTransformer(
        [
            ("b", TfidfVectorizer(max_features=most, ngram_range=(1, 2)), "body"),
            ("t", title, "title"),
            ("o", OneHotEncoder(handle_unknown="ignore"), ["kind"]),
            ("s", StandardScaler(), ["length", "lines"]),
        ],
        transformer_weights={"t": 0.5},
        sparse_threshold=threshold,
    )
    plan, difference = compile_fitted(make_pipeline(steps, predictor), X, TOPICS)
    is_compiled = most == 40 or predictor is LOGISTIC
    assert plan.reason == "" if is_compiled else "dense rows" in plan.reason
    assert difference <= 1e-12


@pytest.mark.parametrize("X", [TEXTS, pd.Series(TEXTS), np.array(TEXTS)], ids=type)
def test_texts_may_pass_through_a_function_first(X: Any) -> None:
    clean = FunctionTransformer(lambda texts: [text.strip() for text in texts])
    pipeline = make_pipeline(clean, TfidfVectorizer(), LOGISTIC)
    plan, difference = compile_fitted(pipeline, X, TOPICS)
    assert plan.uncompiled_steps == ("FunctionTransformer",)
    assert difference <= 1e-14


class Longest(CountVectorizer):  # type: ignore[misc]
    """A vectoriser that no table lists."""


def test_rows_of_a_vectoriser_without_a_plan_stay_sparse() -> None:
    pipeline = make_pipeline(Longest(), TfidfTransformer(), BAYES)
    plan, difference = compile_fitted(pipeline, TEXTS, TOPICS)
    assert plan.uncompiled_steps == ("Longest",)
    assert difference <= 1e-14


@pytest.mark.parametrize(
    ("vectorizer", "reason"),
    [
        (TfidfVectorizer(dtype=np.float32), "TfidfVectorizer gives float32."),
        (CountVectorizer(dtype=np.uint8), "CountVectorizer gives uint8."),
        (
            HashingVectorizer(tokenizer=split_words, token_pattern=None),
            "HashingVectorizer has a tokenizer of its own.",
        ),
    ],
)
def test_what_cannot_be_exact_says_why(vectorizer: Any, reason: str) -> None:
    with pytest.raises(NoPlanError, match=reason):
        TEXT_VECTORIZERS[type(vectorizer)](vectorizer.fit(TEXTS))


def test_a_text_that_may_be_null_is_no_text() -> None:
    [feature] = observe_table(TEXTS).features
    contract = Contract(features=(replace(feature, nullable=True),), table="text")
    with pytest.raises(NoPlanError, match="may hold what is no text"):
        convert(BlockType(contract), TEXT_BLOCK)


def ask(plan: Plan, texts: list[str]) -> np.ndarray:
    probabilities = plan.predict([texts]).probabilities
    assert probabilities is not None
    return probabilities


OF_WORDS = [
    TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)),
    HashingVectorizer(n_features=64, norm="l1"),
]
OF_CHARACTERS = CountVectorizer(
    analyzer="char_wb", ngram_range=(1, 3), max_features=300
)


@cache
def fit_pair(*vectorizers: Any) -> tuple[Any, Plan]:
    pipeline = make_pipeline(make_union(*vectorizers), LOGISTIC)
    return pipeline, compile_fitted(pipeline, TEXTS, STARTS)[0]


@given(st.lists(st.text(max_size=60) | st.sampled_from(TEXTS), min_size=1, max_size=4))
def test_any_texts_are_answered_alike(texts: list[str]) -> None:
    pipeline, plan = fit_pair(*OF_WORDS, OF_CHARACTERS)
    expected = pipeline.predict_proba(texts)
    found = ask(plan, texts)
    alone = [ask(plan, [text]) for text in texts]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(np.concatenate(alone), found)


@pytest.mark.parametrize(
    ("vectorizers", "words"),
    [(OF_WORDS, 200_000), ([OF_CHARACTERS], 32_000)],
    ids=["words", "characters"],
)
def test_a_long_text_is_answered_alike(vectorizers: list[Any], words: int) -> None:
    pipeline, plan = fit_pair(*vectorizers)
    long = " ".join(f"word{index % 5000} the" for index in range(words // 2))
    np.testing.assert_allclose(
        ask(plan, [long]), pipeline.predict_proba([long]), atol=1e-12
    )
