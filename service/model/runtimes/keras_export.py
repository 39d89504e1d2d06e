"""Models of Keras as ONNX and TensorFlow Lite files, by the exporters of their own."""

import contextlib
import io
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow

from service.model.errors import PackagingError, describe_error
from service.model.runtimes.stderr import silencing_stderr

# How a converter names operators that it has nothing for, in pages of messages.
OPERATOR = re.compile(r"\btf\.([A-Z]\w+)")


def export_onnx(model: Any, sample: Any, outputs: Sequence[str]) -> bytes:
    """Return the ONNX file of a model, its outputs by their names.

    Whether it answers as the model does is for the caller to see. Raises
    PackagingError.
    """
    try:
        import onnx  # noqa: PLC0415 - need not be installed

        with tempfile.TemporaryDirectory() as folder, _silencing_exporter():
            path = Path(folder) / "model.onnx"
            model(keras.tree.map_structure(_take_row, sample))  # as it must have been
            model.export(path, format="onnx", verbose=False)
            exported = onnx.load(path)
    except Exception as error:
        raise _refuse(model, "ONNX", error) from error
    for output, name in zip(exported.graph.output, outputs, strict=True):
        _rename(exported.graph, output.name, name)
    content: bytes = exported.SerializeToString()
    return content


def export_tflite(model: Any) -> bytes:
    """Return the TensorFlow Lite file of a model, without any quantisation.

    One that has no operators for batches of any size, as for recurrent layers, is of a
    single row. Raises PackagingError.
    """
    try:
        with contextlib.suppress(Exception), _silencing_exporter():
            return _convert(model)
        with _silencing_exporter():
            return _convert_row(model)
    except Exception as error:
        raise _refuse(model, "TensorFlow Lite", error) from error


def _convert(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converter = tensorflow.lite.TFLiteConverter.from_saved_model(folder)
        content: bytes = converter.convert()
    return content


def _convert_row(model: Any) -> bytes:
    """Convert a model of one row, which shares the layers of another."""
    inputs = [
        keras.Input(batch_shape=(1, *each.shape[1:]), dtype=each.dtype, name=each.name)
        for each in model.inputs
    ]
    row = keras.Model(inputs, model(inputs if len(inputs) > 1 else inputs[0]))
    content: bytes = tensorflow.lite.TFLiteConverter.from_keras_model(row).convert()
    return content


def _take_row(array: Any) -> np.ndarray:
    return np.asarray(array)[:1]


def _rename(graph: Any, old: str, new: str) -> None:
    """Call a tensor of a graph by another name, wherever it is named."""
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for tensor in graph.output:
        tensor.name = new if tensor.name == old else tensor.name


def _refuse(model: Any, title: str, error: Exception) -> PackagingError:
    lacking = sorted(set(OPERATOR.findall(str(error))))
    reason = f"it has no {', '.join(lacking)}" if lacking else describe_error(error)
    return PackagingError(
        f"The model {type(model).__name__} cannot be exported to {title}: {reason}."
    )


@contextlib.contextmanager
def _silencing_exporter() -> Iterator[None]:
    """Hide what exporters print, write, log and warn of."""
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            silencing_stderr(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
