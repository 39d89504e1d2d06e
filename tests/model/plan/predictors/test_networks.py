"""A network is a step of a plan, and answers as its estimator there."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import FLOAT, write_linear, write_network, write_two_inputs
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model import NetworkClassifier, NetworkRegressor, NetworkTransformer
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import compile_plan
from service.model.plan.predictors.networks import plan_regressor, plan_transformer
from service.model.prediction.gate import check_agreement
from service.model.tolerances import SAME_ANSWER

X = np.random.default_rng(0).normal(size=(200, 5))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    weights = np.random.default_rng(1).normal(size=(5, 3))
    return write_linear(tmp_path / "x.onnx", weights, finish="Softmax")


def agree(pipeline: Any, table: Any) -> float:
    """Return the largest difference of a plan, in which nothing runs as itself."""
    contract = observe_table(table)
    columns = read_columns(table, range(len(table)))
    plan = compile_plan(pipeline, contract, columns)
    assert plan.reason == ""
    return check_agreement(FittedPipeline(pipeline), plan.predict, contract, columns)


def test_a_network_alone(path: Path, tmp_path: Path) -> None:
    assert agree(NetworkClassifier(path, classes=["a", "b", "c"]), X) == 0
    assert agree(NetworkRegressor(path), X) == 0
    two = write_two_inputs(tmp_path / "two.onnx")
    assert agree(NetworkRegressor(two, output="product"), X) == 0


def test_a_network_among_other_steps(path: Path) -> None:
    embedding = make_pipeline(StandardScaler(), NetworkTransformer(path))
    embedding.fit(X)
    assert agree(embedding, X) == 0
    answering = make_pipeline(embedding, LogisticRegression()).fit(X, Y)
    assert agree(answering, X) <= SAME_ANSWER


def test_columns_of_float32_are_taken_as_they_are(path: Path) -> None:
    frame = pd.DataFrame(X, columns=[*"abcde"]).astype({"a": np.float32})
    assert agree(NetworkClassifier(path), frame) == 0


def test_what_a_double_does_not_hold_has_no_plan(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    text, integer = TensorProto.STRING, TensorProto.INT64
    texts = write_network(
        tmp_path / "texts.onnx",
        [node, helper.make_node("Identity", ["z"], ["n"])],
        [("x", text, ["n", 1]), ("z", FLOAT, ["n", 1])],
        [("y", text, ["n", 1]), ("n", FLOAT, ["n", 1])],
    )
    with pytest.raises(NoPlanError, match="'x' takes texts"):
        plan_regressor(NetworkRegressor(texts))
    integers = write_network(
        tmp_path / "integers.onnx",
        [node],
        [("x", integer, ["n", 2])],
        [("y", integer, ["n", 2])],
    )
    with pytest.raises(NoPlanError, match="a double does not hold all"):
        plan_transformer(NetworkTransformer(integers))
