"""Texts told from categories, and a column of them as a whole training table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from prose import read_prose

from service.model.contract.novelty import NoveltyCheck
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.contract.tables import build_table
from service.model.contract.texts import compose_text, is_prose
from service.model.errors import ContractError

TEXTS = read_prose()[0][:50]
TRAINED = [
    (TEXTS, "text"),
    (pd.Series(TEXTS), "text"),
    (pd.Series(TEXTS, name="review"), "review"),
    (pd.Series(TEXTS, dtype=object), "text"),
    (pd.Series(TEXTS, dtype="string"), "text"),
    (np.array(TEXTS), "text"),
    (np.array(TEXTS, dtype=object), "text"),
]


def test_prose_is_told_from_categories() -> None:
    assert is_prose(TEXTS)
    assert not is_prose(TEXTS * 2)
    assert not is_prose(["married", "single", "divorced and remarried"])
    assert not is_prose([])


def test_a_composed_text_is_of_the_most_frequent_words() -> None:
    assert compose_text(["the cat", "the dog", "the cat sat"]) == "the cat dog sat"


def test_a_column_of_prose_in_a_frame_has_no_categories() -> None:
    table = pd.DataFrame({"body": TEXTS, "topic": ["wine", "iris"] * 25})
    body, topic = observe_table(table).features
    assert body.observed.categories is None
    assert topic.observed.categories == ("iris", "wine")


@pytest.mark.parametrize(("X", "name"), TRAINED)
def test_texts_are_served_as_they_were_trained_on(X: Any, name: str) -> None:
    contract = observe_table(X)
    [feature] = contract.features
    assert (contract.table, feature.name, feature.type) == ("text", name, "string")
    table = build_table(contract, read_columns(X, range(3)))
    assert type(table) is type(X)
    assert getattr(table, "dtype", None) == getattr(X, "dtype", None) or (
        table.dtype.kind == "U"
    )
    assert list(table) == list(X[:3])
    assert not [*NoveltyCheck(feature).find(["of which training knew nothing"])]


@pytest.mark.parametrize(("X", "name"), TRAINED)
def test_a_null_text_is_a_null_or_refused(X: Any, name: str) -> None:
    contract = observe_table(X)
    if contract.features[0].storage.dtype == "U":
        with pytest.raises(ValueError, match="holds no null"):
            build_table(contract, [[None]])
    else:
        assert pd.isna(build_table(contract, [[None]])[0])


def test_a_text_may_be_given_a_name() -> None:
    assert observe_table(TEXTS, ["body"]).features[0].name == "body"
    with pytest.raises(ContractError, match="2 names for 1 columns"):
        observe_table(TEXTS, ["body", "title"])
    with pytest.raises(ContractError, match="named by a string"):
        observe_table(pd.Series(TEXTS, name=3))


def test_a_list_of_something_else_is_refused() -> None:
    with pytest.raises(ContractError, match="not list"):
        observe_table([1, 2])
    with pytest.raises(ContractError, match="holds mixed-integer"):
        observe_table(["one", 2])
