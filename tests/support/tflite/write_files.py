"""Writes the .tflite files beside it, by TensorFlow, which few tests need.

python tests/support/tflite/write_files.py, in the environment of test-frameworks.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

FOLDER = Path(__file__).parent

FLOAT = tf.float32
WEIGHTS = tf.constant([[0.5, -0.25], [0.125, 1.0], [-1.0, 0.75]])
TABLE = tf.constant([0.0, 1.0, 4.0, 9.0, 16.0])


def write(name: str, converter: Any) -> None:
    (FOLDER / f"{name}.tflite").write_bytes(converter.convert())


def make_converter(function: Callable[..., Any], *inputs: Any) -> Any:
    """Return the converter of a function, whose inputs are (shape, type, name)."""
    module = tf.Module()
    module.call = tf.function(function, [tf.TensorSpec(*each) for each in inputs])
    concrete = module.call.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)


def answer(x: Any) -> Any:
    return tf.nn.softmax(x @ WEIGHTS)


def add_and_join(left: Any, right: Any) -> Any:
    product = tf.reduce_sum(left, 1, True) * tf.reduce_sum(right, 1, True)
    return {"product": product, "both": tf.concat([left, right], 1)}


class Pair(tf.Module):  # type: ignore[misc]
    """Two signatures."""

    @tf.function(input_signature=[tf.TensorSpec((None, 3), FLOAT, "x")])  # type: ignore[untyped-decorator]
    def score(self, x: Any) -> Any:
        return {"score": x @ WEIGHTS}

    @tf.function(input_signature=[tf.TensorSpec((None, 3), FLOAT, "x")])  # type: ignore[untyped-decorator]
    def weigh(self, x: Any) -> Any:
        return {"probabilities": answer(x)}


def write_pair() -> None:
    pair = Pair()
    functions = [each.get_concrete_function() for each in (pair.score, pair.weigh)]
    write("pair", tf.lite.TFLiteConverter.from_concrete_functions(functions, pair))


def write_unsigned() -> None:
    """Without any signature, as older converters wrote them."""
    function = tf.function(answer, [tf.TensorSpec((None, 3), FLOAT, "x")])
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    write("unsigned", tf.lite.TFLiteConverter.from_concrete_functions([frozen]))


def write_quantised() -> None:
    """Whole numbers come in and go out."""
    converter = make_converter(answer, ((None, 3), FLOAT, "x"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [np.random.default_rng(seed).random((1, 3), dtype=np.float32)]
        for seed in range(50)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    write("quantised", converter)


def write_foreign_operators() -> None:
    """An operator that is custom, and one of TensorFlow itself."""
    converter = make_converter(tf.math.erfc, ((None, 3), FLOAT, "x"))
    converter.allow_custom_ops = True
    write("custom", converter)
    converter = make_converter(tf.math.tan, ((None, 3), FLOAT, "x"))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
    write("flex", converter)


def main() -> None:
    write("softmax", make_converter(answer, ((None, 3), FLOAT, "x")))
    write("one_row", make_converter(answer, ((1, 3), FLOAT, "x")))
    write("four_rows", make_converter(answer, ((4, 3), FLOAT, "x")))
    pair = (((None, 3), FLOAT, "left"), ((None, 2), FLOAT, "right"))
    write("two_inputs", make_converter(add_and_join, *pair))
    gather = make_converter(lambda x: tf.gather(TABLE, x), ((None, 1), tf.int64, "x"))
    write("gather", gather)
    write("complex", make_converter(tf.math.real, ((None, 3), tf.complex64, "x")))
    write("texts", make_converter(tf.shape, ((None, 3), tf.string, "x")))
    write_pair()
    write_unsigned()
    write_quantised()
    write_foreign_operators()


if __name__ == "__main__":
    main()
