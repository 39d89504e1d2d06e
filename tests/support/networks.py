"""Small networks in ONNX files, written with weights that are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier

# Of files, and of operators: as old as any onnxruntime here reads.
IR_VERSION = 8
OPSET = 17

FLOAT = TensorProto.FLOAT

Shape = Sequence[int | str]
Tensor = tuple[str, int, Shape]


def write_network(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    weights: dict[str, np.ndarray] | None = None,
) -> Path:
    """Write a network; its tensors are given by name, type and shape."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [
            numpy_helper.from_array(array, name)
            for name, array in (weights or {}).items()
        ],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    path.write_bytes(model.SerializeToString())
    return path


def write_linear(
    path: Path, weights: Any, *, finish: str = "Identity", name: str = "x"
) -> Path:
    """Write x @ weights, and what `finish` makes of it, as the output y."""
    matrix = np.asarray(weights, dtype=np.float32)
    rows, columns = matrix.shape
    return write_network(
        path,
        [
            helper.make_node("MatMul", [name, "w"], ["z"]),
            helper.make_node(finish, ["z"], ["y"]),
        ],
        [(name, FLOAT, ["n", rows])],
        [("y", FLOAT, ["n", columns])],
        {"w": matrix},
    )


def write_classifier(path: Path, fitted: MLPClassifier) -> Path:
    """Write scikit-learn's network, in float32, with an output of probabilities."""
    weights: dict[str, np.ndarray] = {}
    nodes, value = [], "x"
    layers = list(zip(fitted.coefs_, fitted.intercepts_, strict=True))
    if fitted.n_outputs_ == 1:  # the logit of the second class, that of the first is 0
        matrix, offset = layers[-1]
        layers[-1] = np.hstack([0 * matrix, matrix]), np.hstack([0 * offset, offset])
    for index, (matrix, offset) in enumerate(layers):
        weights[f"w{index}"] = matrix.astype(np.float32)
        weights[f"b{index}"] = offset.astype(np.float32)
        gemm = helper.make_node(
            "Gemm", [value, f"w{index}", f"b{index}"], [f"z{index}"]
        )
        finish = "Relu" if index < len(layers) - 1 else "Softmax"
        value = f"h{index}" if finish == "Relu" else "probabilities"
        nodes += [gemm, helper.make_node(finish, [f"z{index}"], [value])]
    return write_network(
        path,
        nodes,
        [("x", FLOAT, ["n", len(layers[0][0])])],
        [("probabilities", FLOAT, ["n", layers[-1][0].shape[1]])],
        weights,
    )


def write_convolution(path: Path, *, is_flat: bool = True) -> Path:
    """Write a network of two convolutions on digits of 8 x 8, with random weights."""
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.2, shape).astype(np.float32)
        for name, shape in {
            "k0": (8, 1, 3, 3),
            "k1": (16, 8, 3, 3),
            "w": (256, 10),
            "b": (10,),
        }.items()
    }
    weights["image"] = np.array([-1, 1, 8, 8])
    weights["flat"] = np.array([-1, 256])
    nodes = [
        helper.make_node("Reshape", ["pixels", "image"], ["x"]),
        helper.make_node("Conv", ["x", "k0"], ["c0"]),
        helper.make_node("Relu", ["c0"], ["r0"]),
        helper.make_node("Conv", ["r0", "k1"], ["c1"]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Reshape", ["r1", "flat"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["logits"]),
    ]
    shape: Shape = ["n", 64] if is_flat else ["n", 1, 8, 8]
    outputs: list[Tensor] = [("logits", FLOAT, ["n", 10])]
    return write_network(path, nodes, [("pixels", FLOAT, shape)], outputs, weights)


def write_two_inputs(path: Path) -> Path:
    """Write the sum of a row of three numbers times one of two, and a second output."""
    nodes = [
        helper.make_node("ReduceSum", ["left", "axes"], ["a"], keepdims=1),
        helper.make_node("ReduceSum", ["right", "axes"], ["b"], keepdims=1),
        helper.make_node("Mul", ["a", "b"], ["product"]),
        helper.make_node("Concat", ["left", "right"], ["both"], axis=1),
    ]
    return write_network(
        path,
        nodes,
        [("left", FLOAT, ["n", 3]), ("right", FLOAT, ["n", 2])],
        [("product", FLOAT, ["n", 1]), ("both", FLOAT, ["n", 5])],
        {"axes": np.array([1])},
    )


def write_labelled(path: Path, labels: Sequence[str]) -> Path:
    """Write what skl2onnx makes of a classifier: labels, and probabilities."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["probabilities"]),
        helper.make_node("ArgMax", ["x"], ["index"], axis=1, keepdims=0),
        helper.make_node(
            "LabelEncoder",
            ["index"],
            ["label"],
            domain="ai.onnx.ml",
            keys_int64s=range(len(labels)),
            values_strings=labels,
        ),
    ]
    write_network(
        path,
        nodes,
        [("x", FLOAT, ["n", len(labels)])],
        [
            ("label", TensorProto.STRING, ["n"]),
            ("probabilities", FLOAT, ["n", len(labels)]),
        ],
    )
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    onnx.save(model, path)
    return path


def write_zipmap(path: Path) -> Path:
    """Write probabilities as a list of dicts, as skl2onnx does unless told not to."""
    node = helper.make_node(
        "ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]
    )
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(
            TensorProto.INT64, helper.make_tensor_type_proto(FLOAT, [])
        )
    )
    graph = helper.make_graph(
        [node],
        "network",
        [helper.make_tensor_value_info("x", FLOAT, ["n", 2])],
        [helper.make_value_info("y", kind)],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    path.write_bytes(model.SerializeToString())
    return path
