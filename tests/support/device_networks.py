"""Networks that use all memory, or all time, for one number."""

from pathlib import Path
from typing import Any

import numpy as np
from networks import FLOAT, Shape, write_network
from onnx import TensorProto, helper

INT64 = TensorProto.INT64

# What they do for a row of this number: of no other, since packaging asks many.
NUMBER = 7.0
COUNT = 10**15


def write_count() -> list[Any]:
    """Write the steps to a count: COUNT where one of the rows is NUMBER, else 0."""
    return [
        helper.make_node("Equal", ["x", "number"], ["equal"]),
        helper.make_node("Cast", ["equal"], ["equals"], to=FLOAT),
        helper.make_node("ReduceMax", ["equals"], ["any"], keepdims=0),
        helper.make_node("Cast", ["any"], ["times"], to=INT64),
        helper.make_node("Mul", ["times", "large"], ["count"]),
    ]


CONSTANTS: dict[str, np.ndarray] = {
    "number": np.array([NUMBER], np.float32),
    "large": np.array(COUNT),
}


def write_filling(path: Path) -> Path:
    """Write what answers each row, and fills as many numbers as the count besides."""
    nodes = [
        *write_count(),
        helper.make_node("Reshape", ["count", "one"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["filled"]),
        helper.make_node("ReduceSum", ["filled"], ["none"], keepdims=0),
        helper.make_node("Add", ["x", "none"], ["y"]),
    ]
    return _write(path, nodes, {"one": np.array([1])})


def write_counting(path: Path) -> Path:
    """Write what answers each row, and counts up to the count, one at a time."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Add", ["before", "step"], ["after"]),
        ],
        "step",
        [
            helper.make_tensor_value_info("turn", INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", FLOAT, []),
        ],
    )
    nodes = [
        *write_count(),
        helper.make_node("Loop", ["count", "", "zero"], ["counted"], body=body),
        helper.make_node("Mul", ["counted", "zero"], ["none"]),
        helper.make_node("Add", ["x", "none"], ["y"]),
    ]
    weights = {"zero": np.zeros((), np.float32), "step": np.ones((), np.float32)}
    return _write(path, nodes, weights)


def _write(path: Path, nodes: list[Any], weights: dict[str, np.ndarray]) -> Path:
    shape: Shape = ["n", 1]
    given, answered = [("x", FLOAT, shape)], [("y", FLOAT, shape)]
    return write_network(path, nodes, given, answered, CONSTANTS | weights)
