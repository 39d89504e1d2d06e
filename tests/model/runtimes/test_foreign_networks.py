"""Networks that nobody here wrote: those by which ONNX tests its backends.

Each, with a batch of any size, is answered as by onnxruntime, or refused in a sentence.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from service.model import NetworkTransformer
from service.model.errors import ModelError
from service.model.runtimes.network_file import NetworkFile

DATA = Path(onnx.__file__).parent / "backend/test/data"
FOLDERS = ("pytorch-converted", "pytorch-operator", "simple")

# Of 140. The others have operators of long ago, texts, or another number of answers.
LEAST_ANSWERED = 80


def free_batch(model: Any) -> bytes:
    """Return a network whose first dimensions are free."""
    weights = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    for value in (*inputs, *model.graph.output, *model.graph.value_info):
        if dimensions := value.type.tensor_type.shape.dim:
            dimensions[0].dim_param = "n"
    return bytes(model.SerializeToString())


def read_inputs(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    arrays = {}
    for index, name in enumerate(names):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"input_{index}.pb").read_bytes())
        arrays[name] = numpy_helper.to_array(tensor)
    return arrays


def compare(path: Path) -> str:
    """Return what came of a network: answered, or a sentence."""
    content = free_batch(onnx.load(path))
    try:
        network = NetworkTransformer(NetworkFile("onnx", path.parent.name, content))
    except ModelError as error:
        return str(error)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    inputs = read_inputs(path.parent / "test_data_set_0", names)
    try:
        found = network.transform(inputs)
    except ValueError as error:
        return str(error)
    rows = len(found)
    answers = [each.reshape(rows, -1) for each in session.run(None, inputs)]
    wanted = np.concatenate(answers, axis=1)
    assert found.astype(wanted.dtype).tobytes() == wanted.tobytes(), path
    return ""


def test_each_is_answered_as_by_onnxruntime_or_refused_in_a_sentence() -> None:
    paths = [path for each in FOLDERS for path in (DATA / each).rglob("model.onnx")]
    told = Counter(map(compare, sorted(paths)))
    assert told.pop("") >= LEAST_ANSWERED
    for sentence in told:
        assert "\n" not in sentence
        assert "onnxruntime_src" not in sentence
        assert "ONNXRuntimeError" not in sentence
        assert sentence.endswith(".")


@pytest.mark.parametrize("name", ["light_resnet50", "light_squeezenet"])
def test_a_fixed_batch_is_told_by_its_size(name: str) -> None:
    with pytest.raises(ModelError, match=r"\(1, 3, 224, 224\) takes no batch"):
        NetworkTransformer(DATA / "light" / f"{name}.onnx")
