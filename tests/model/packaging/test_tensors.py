"""A model that takes tensors is proposed a contract, and proved by a few records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Package
from networks import FLOAT, write_convolution, write_network
from onnx import helper
from proved_here import package_here
from sklearn.preprocessing import StandardScaler
from tensor_models import FixedMean, SequenceMean

from service.model import NetworkClassifier, NetworkRegressor
from service.model.artefact.card import format_card
from service.model.artefact.folder import read_artefact
from service.model.artefact.manifest import FORMAT, THIRD_FORMAT
from service.model.contract.codec import Codec
from service.model.contract.features import Contract, Observed
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.tables import build_table
from service.model.contract.tensor_field import describe_tensor
from service.model.errors import (
    ContractError,
    ContractViolationError,
    NoAnswerError,
    PackagingError,
    Remark,
)
from service.model.loading import load_predictor
from service.model.packaging.golden_records import (
    MAX_TENSOR_BYTES,
    Selection,
    select_records,
)
from service.model.packaging.package import package
from service.model.packaging.proposal import propose_contract
from service.model.packaging.training_table import read_table
from service.model.pipeline import FittedPipeline
from service.model.prediction.batching import join_instances

Edits = dict[str, Any]

# What no test but for that of a fault writes.
OPTIONS: dict[str, Any] = {
    **{"name": "m", "version": "1.0.0"},
    "code": ["tensor_models"],
}


def make_sequences(rows: int = 20, length: int = 6, width: int = 2) -> dict[str, Any]:
    chance = np.random.default_rng(0)
    values = chance.normal(size=(rows, length, width)).astype(np.float32)
    return {"values": values, "mask": chance.random((rows, length)) < 0.5}


def propose(model: Any, X: Any, edits: Edits | None = None) -> Contract:
    reference = FittedPipeline(model.fit(X))
    table = read_table(reference, X)
    return propose_contract(reference, table, edits=edits).contract


def select(X: dict[str, Any]) -> Selection:
    reference = FittedPipeline(SequenceMean().fit(X))
    contract = propose_contract(reference, X).contract
    form = reference.task.form_names(("value",))
    assert form is not None
    return select_records(reference, contract, X, form)


def test_what_was_observed_is_proposed() -> None:
    X = make_sequences()
    contract = propose(SequenceMean(), X)
    values, mask = contract.features
    assert contract.table == "tensors"
    assert (values.name, values.storage.dtype, values.shape) == (
        *("values", "float32"),
        (6, 2),
    )
    least, greatest = float(X["values"].min()), float(X["values"].max())
    assert values.observed == Observed(minimum=least, maximum=greatest)
    assert (mask.storage.dtype, mask.shape, mask.observed) == ("bool", (6,), Observed())


def test_arrays_of_another_layout_are_taken_as_they_are_served() -> None:
    X = make_sequences()
    odd = {
        "values": np.asfortranarray(X["values"].astype(">f4")),
        "mask": X["mask"].tolist(),
    }
    reference = FittedPipeline(SequenceMean().fit(X))
    table = read_table(reference, odd)
    assert {name: array.dtype for name, array in table.items()} == {
        "values": np.dtype(np.float32),
        "mask": np.dtype(bool),
    }
    assert table["values"].flags.c_contiguous
    np.testing.assert_array_equal(table["values"], X["values"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mask": np.array(["a"] * 20)}, "The array 'mask' holds <U1: a model takes"),
        ({"mask": np.zeros(20, np.float16)}, "The array 'mask' holds float16"),
        ({"mask": pd.Series(["a"] * 20)}, "The array 'mask' holds"),
        ({"mask": np.zeros((19, 6), bool)}, "differ in the number of instances: 20 of"),
        ({"mask": np.bool_(True)}, "The array 'mask' has the shape ()"),
        ({"mask": np.zeros((20, 0), bool)}, "The array 'mask' has the shape (20, 0)"),
        ({"mask": np.zeros((20, *9 * [1]), bool)}, "up to 8 dimensions"),
        ({"mask": np.ma.zeros((20, 6), bool)}, "The array 'mask' is masked"),
        ({"mask": [[True], [True, False]]}, "The array 'mask' is no array"),
        ({1: np.zeros(20)}, "The array 1 must be named by a string"),
    ],
)
def test_what_are_no_tensors_is_refused(change: dict[Any, Any], told: str) -> None:
    X = make_sequences()
    with pytest.raises(ContractError) as caught:
        read_table(FittedPipeline(SequenceMean().fit(X)), {**X, **change})
    assert told in str(caught.value)


def test_nothing_is_no_table() -> None:
    reference = FittedPipeline(SequenceMean().fit(make_sequences()))
    with pytest.raises(ContractError, match="no arrays"):
        read_table(reference, {})
    with pytest.raises(PackagingError, match="no rows"):
        propose(SequenceMean(), {"values": np.zeros((0, 2)), "mask": np.zeros((0, 2))})


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"nullable": True}, "'nullable', and it is a tensor"),
        ({"categories": [1.0]}, "'categories', and it is a tensor"),
        (
            {"shape": (3, 2)},
            "must have the shape 6 x 2, in which None, or a",
        ),
        ({"shape": ("length", 2)}, "The dimension 'length' is named once"),
        ({"shape": ("side", "side")}, "has 6 elements in 'values', and 2 in 'values'"),
        ({"shape": ("", 2)}, "names other dimensions than its free"),
        ({"shape": (None,)}, "must have the shape 6 x 2"),
        ({"minimum": 2, "maximum": 1}, "in the wrong order"),
        ({"maximum": 1e39}, "that float32 does not hold"),
        ({"minimum": "a"}, "does not fit"),
        ({"minimum": 1000}, ""),
    ],
)
def test_an_edit_that_fits_no_tensor_is_refused(edit: Edits, told: str) -> None:
    X = make_sequences()
    if not told:  # which keeps the contract, and leaves no row
        edits: Any = {"values": edit}
        with pytest.raises(PackagingError, match="No row of the training table"):
            package(SequenceMean().fit(X), X, features=edits, **OPTIONS)
        return
    with pytest.raises(ContractError) as caught:
        propose(SequenceMean(), X, {"values": edit})
    assert told in str(caught.value)


def test_a_column_has_no_shape_to_edit() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(ContractError, match="'a' is no tensor"):
        propose(StandardScaler(), frame, {"a": {"shape": [None]}})


def test_a_dimension_is_freed_only_if_other_sizes_are_answered() -> None:
    X, mask_edit = make_sequences(), {"shape": [None]}
    edits = {"values": {"shape": (None, 2)}, "mask": mask_edit}
    values, mask = propose(SequenceMean(), X, edits).features
    assert (values.shape, mask.shape) == ((None, 2), (None,))
    for model, edit in ((FixedMean(), edits), (SequenceMean(), {"mask": mask_edit})):
        with pytest.raises(ContractError, match="twice the size"):
            propose(model, X, edit)


def test_dimensions_of_one_name_agree_in_each_request() -> None:
    edits = {"values": {"shape": ("length", 2)}, "mask": {"shape": ["length"]}}
    contract = propose(SequenceMean(), make_sequences(), edits)
    values, mask = contract.features
    assert (values.shape, values.dimensions) == ((None, 2), ("length", None))
    assert (mask.shape, mask.dimensions) == ((None,), ("length",))
    schema = describe_tensor(values)
    assert schema["x-dimensions"] == ["length", None]
    assert "Of length x 2 float32" in schema["oneOf"][1]["description"]
    codec = Codec(contract, UNBOUNDED)
    short, long = make_sequences(2, 3), make_sequences(2, 4)
    told = "must have 3 elements in the dimension 'length', as values"
    for body, place in (
        ({"instances": [{n: short[n][i].tolist() for n in short} for i in (0, 1)]}, ""),
        ({"columns": {n: a.tolist() for n, a in long.items()}}, ""),
        (
            {
                "instances": [
                    {"values": v.tolist(), "mask": m.tolist()}
                    for v, m in zip(short["values"], long["mask"], strict=True)
                ]
            },
            "instances[0].mask",
        ),
        (
            {
                "columns": {
                    "values": short["values"].tolist(),
                    "mask": long["mask"].tolist(),
                }
            },
            "columns.mask[0]",
        ),
    ):
        raw = json.dumps(body).encode()
        if not place:
            assert codec.load(raw).count == 2
            continue
        with pytest.raises(ContractViolationError) as caught:
            codec.load(raw)
        assert caught.value.remarks == (Remark(place, told),)
        assert caught.value.counts == {("mask", "length"): 1}


def test_names_of_dimensions_are_of_a_format_that_older_releases_refuse(
    tmp_path: Path,
) -> None:
    edits: Any = {"values": {"shape": ("length", 2)}, "mask": {"shape": ["length"]}}
    model, X = SequenceMean().fit({}), make_sequences()
    folder = package_here(model, X, features=edits, to=tmp_path, **OPTIONS)
    assert read_artefact(folder).manifest.format == FORMAT


def write_product(folder: Path) -> NetworkRegressor:
    """Return a network of two sequences of one length, whose products it adds up."""
    nodes = [
        helper.make_node("Mul", ["values", "mask"], ["products"]),
        helper.make_node("ReduceSum", ["products", "axes"], ["sum"], keepdims=1),
    ]
    shape: Any = ["n", "length"]
    inputs = [("values", FLOAT, shape), ("mask", FLOAT, shape)]
    axes = {"axes": np.array([1])}
    path = write_network(
        folder / "product.onnx", nodes, inputs, [("sum", FLOAT, ["n", 1])], axes
    )
    return NetworkRegressor(path)


@pytest.mark.parametrize("kind", ["estimator", "network"])
def test_a_model_refuses_lengths_that_no_name_has_agree(
    kind: str, tmp_path: Path
) -> None:
    if kind == "network":
        model = write_product(tmp_path)
        X = {n: np.ones((20, 6), np.float32) for n in ("values", "mask")}
        shapes: Any = {n: {"shape": (None,)} for n in X}
    else:
        model, X = SequenceMean().fit({}), make_sequences()
        shapes = {"values": {"shape": (None, 2)}, "mask": {"shape": (None,)}}
    folder = package_here(model, X, features=shapes, to=tmp_path, **OPTIONS)
    predictor = load_predictor(read_artefact(folder))
    rows = [
        {"values": X["values"][0, :3].tolist(), "mask": X["mask"][0, :length].tolist()}
        for length in (3, 4)
    ]
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    good, bad = (codec.load(json.dumps({"instances": [row]}).encode()) for row in rows)
    assert len(predictor.predict(good)) == 1
    with pytest.raises(NoAnswerError, match=r"no answer for instances\[0\]"):
        predictor.predict(bad)


def test_records_hold_the_extremes_and_a_median() -> None:
    X = make_sequences(200)
    selection = select(X)
    typical, *real = (record.instance for record in selection.golden.records)
    middle = np.median(X["values"][:64], axis=0).astype(np.float32)
    assert typical["values"] == middle.tolist()
    held = [np.array(instance["values"]) for instance in real]
    assert min(each.min() for each in held) == X["values"].min()
    assert max(each.max() for each in held) == X["values"].max()
    assert len(selection.sample) == 200


@pytest.mark.parametrize("side", [150, 350])
def test_records_of_large_tensors_are_few(side: int) -> None:
    """At least the typical instance and a real one, and so it is with the sample."""
    X = make_sequences(24, side, side)
    selection = select(X)
    sizes = [len(json.dumps(record.instance)) for record in selection.golden.records]
    assert len(sizes) == (2 if side == 350 else 9)
    assert len(selection.sample) == (1 if side == 350 else 9)
    assert len(sizes) == 2 or sum(sizes) <= 1.1 * MAX_TENSOR_BYTES


def test_an_artefact_of_tensors_answers_as_the_model_does(packaged: Package) -> None:
    artefact = read_artefact(packaged("tensors"))
    assert artefact.manifest.format == THIRD_FORMAT
    card = format_card(artefact.manifest, artefact.digest)
    assert "| image | tensor float32 8 x 8 | no | 0 to 1.5 | 0.0 to 1.0 |" in card
    predictor = load_predictor(artefact)
    predictor.prove()
    assert predictor.engine.name == "scikit-learn"
    assert "takes tensors" in predictor.engine.reason
    assert not predictor.not_explained_because.startswith("Explaining")
    sample = json.loads(artefact.files["sample.json"])["instances"]
    codec = Codec(artefact.manifest.contract, UNBOUNDED)
    parts = [
        codec.load(json.dumps({"instances": rows}).encode())
        for rows in (sample[:1], sample[1:3], sample[3:10])
    ]
    together = join_instances(parts)
    assert together.count == 10
    table = build_table(artefact.manifest.contract, together.columns)
    expected = predictor.reference.pipeline.predict_proba(table)
    found = [each for part in parts for each in predictor.predict(part).numbers or ()]
    assert [*map(list, found)] == expected.tolist()
    assert [*(predictor.predict(together).numbers or ())] == expected.tolist()


def test_a_convolutional_network_takes_images(tmp_path: Path) -> None:
    path = write_convolution(tmp_path / "net.onnx", is_flat=False)
    network = NetworkClassifier(path, classes=[*range(10)], activation="softmax")
    pixels = np.random.default_rng(0).random((200, 1, 8, 8)).astype(np.float32)
    reference, X = FittedPipeline(network), {"pixels": pixels}
    contract = propose_contract(reference, X).contract
    assert contract.features[0].shape == (1, 8, 8)
    form = reference.task.form_names(tuple(map(str, range(10))))
    assert form is not None
    selection = select_records(reference, contract, X, form)
    rows = [record.instance for record in selection.golden.records]
    body = json.dumps({"instances": rows}).encode()
    table = build_table(contract, Codec(contract, UNBOUNDED).load(body).columns)
    labels = network.predict(table).astype(str).tolist()
    found = [record.prediction["label"] for record in selection.golden.records]
    assert found == labels


def test_a_holdout_must_be_alike() -> None:
    X = make_sequences()
    for holdout in ({"values": X["values"]}, make_sequences(5, 7)):
        with pytest.raises(PackagingError, match="holdout= must be a table like"):
            package(SequenceMean().fit(X), X, holdout=holdout, **OPTIONS)
