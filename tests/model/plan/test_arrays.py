"""Columns as arrays: each row of many has the bits that it has alone."""

from functools import cache
from typing import Any

import orjson
import pytest
from pipelines import CREDIT
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.model.artefact.folder import read_artefact
from service.model.contract.array_columns import FEW_ROWS, ArrayColumn
from service.model.contract.array_makers import ArrayMaker
from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.loading import load_predictor
from service.model.plan.plan import compile_plan
from service.model.prediction.predictor import Predictor


@cache
def load() -> Predictor:
    return load_predictor(read_artefact(CREDIT))


def list_rows(count: int) -> list[tuple[Any, ...]]:
    """Return the artefact's own sample, over and over, with nulls and the unseen."""
    sample = orjson.loads((CREDIT / "sample.json").read_bytes())
    names = [feature.name for feature in load().manifest.contract.features]
    instances = [{**row, "Job": None, "Age": None} for row in sample["instances"][:20]]
    instances += [{**row, "Home": "a barge"} for row in sample["instances"][:20]]
    instances += sample["instances"]
    rows = [tuple(row[name] for name in names) for row in instances]
    return (rows * (count // len(rows) + 1))[:count]


def test_a_row_of_many_has_the_bits_of_one_alone() -> None:
    predictor = load()
    plan = predictor.plan
    assert plan is not None
    rows = list_rows(2 * FEW_ROWS)
    columns = ArrayMaker(predictor.manifest.contract).make([*zip(*rows, strict=True)])
    assert any(isinstance(column, ArrayColumn) for column in columns)
    together = plan.predict(columns)
    for index in range(0, len(rows), 7):
        alone = plan.predict([[value] for value in rows[index]])
        assert alone.has_same_bits(together.slice(index, index + 1)), index


def test_an_encoder_refuses_an_unknown_category_in_an_array_too() -> None:
    seen = Observed(categories=("a", "b"))
    storage = Storage(dtype="object")
    feature = Feature(name="x", type="string", storage=storage, observed=seen)
    contract = Contract(features=(feature,))
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False)).fit([["a"], ["b"]])
    sample: Any = [["a", "b"]]
    plan = compile_plan(pipeline, contract, sample)
    many = ["a"] * FEW_ROWS
    assert plan.predict([many]).values is not None
    with pytest.raises(ValueError, match="none of the categories"):
        plan.predict([[*many, "c"]])
