"""An ONNX file is run as onnxruntime runs it, or refused in one sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from networks import (
    FLOAT,
    write_convolution,
    write_linear,
    write_network,
    write_two_inputs,
    write_zipmap,
)
from onnx import TensorProto, helper
from pipelines import ROOT
from server import PATIENCE_SECONDS

from service.model.errors import NetworkLoadError
from service.model.runtimes.network import TensorForm
from service.model.runtimes.network_file import NetworkFile
from service.model.runtimes.onnx import OnnxNetwork

RANDOM = np.random.default_rng(0)


def write_unknown_operator(path: Path) -> Path:
    node = helper.make_node("Levitate", ["x"], ["y"])
    return write_network(path, [node], [("x", FLOAT, ["n"])], [("y", FLOAT, ["n"])])


def write_missing_kernel(path: Path) -> Path:
    """An operator of the standard that onnxruntime has for no double."""
    node = helper.make_node("Erf", ["x"], ["y"])
    double = TensorProto.DOUBLE
    return write_network(path, [node], [("x", double, ["n"])], [("y", double, ["n"])])


def write_later_opset(path: Path) -> Path:
    model = onnx.load(write_linear(path, np.eye(2)))
    model.opset_import[0].version = 99
    onnx.save(model, path)
    return path


def write_external(path: Path) -> Path:
    """Weights in another file, beside this one and in the working directory."""
    model = onnx.load(write_linear(path, RANDOM.normal(size=(64, 64))))
    onnx.save(
        model, path, save_as_external_data=True, location="weights", size_threshold=0
    )
    assert (path.parent / "weights").exists()
    return path


def write_external_constant(path: Path) -> Path:
    """The same, of a constant among the nodes."""
    tensor = onnx.load(write_external(path), load_external_data=False)
    [weights] = tensor.graph.initializer
    node = helper.make_node("Constant", [], ["y"], value=weights)
    shape = list(weights.dims)
    return write_network(path, [node], [("x", FLOAT, ["n"])], [("y", FLOAT, shape)])


def truncate(path: Path) -> Path:
    path.write_bytes(write_convolution(path).read_bytes()[:-500])
    return path


def write_bytes(path: Path) -> Path:
    path.write_bytes(b"no network")
    return path


def write_half(path: Path) -> Path:
    """A type that numpy does not have."""
    node, kind = helper.make_node("Identity", ["x"], ["y"]), TensorProto.BFLOAT16
    return write_network(path, [node], [("x", kind, ["n"])], [("y", kind, ["n"])])


# What is wrong with a file, and words of the sentence.
FAULTS = {
    "truncated": (truncate, "damaged"),
    "no network": (write_bytes, "damaged"),
    "an unknown operator": (write_unknown_operator, "Levitate"),
    "no kernel": (write_missing_kernel, "lacks an operator of the network: .*Erf"),
    "a later opset": (write_later_opset, "99"),
    "weights elsewhere": (write_external, "save_as_external_data=False"),
    "a constant elsewhere": (write_external_constant, "save_as_external_data=False"),
    "dicts": (write_zipmap, "options={'zipmap': False}"),
    "bfloat16": (write_half, "bfloat16"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_in_one_sentence(
    fault: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, words = FAULTS[fault]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NetworkLoadError, match=words) as caught:
        NetworkFile.open(write(tmp_path / "faulty.onnx"))
    sentence = str(caught.value)
    assert sentence.startswith("faulty.onnx: ")
    assert "onnxruntime_src" not in sentence
    assert "ONNXRuntimeError" not in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_what_is_no_networks_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkLoadError, match=r"'model\.txt' is no .* end in \.onnx"):
        NetworkFile.open(tmp_path / "model.txt")
    with pytest.raises(NetworkLoadError, match=r"absent\.onnx cannot be read: No such"):
        NetworkFile.open(tmp_path / "absent.onnx")


def test_what_to_install_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_linear(tmp_path / "x.onnx", np.eye(2))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NetworkLoadError, match=r"pip install 'model-service\[onnx\]'"):
        NetworkFile.open(path)


def test_the_forms_are_those_of_the_file(tmp_path: Path) -> None:
    network = NetworkFile.open(write_two_inputs(tmp_path / "two.onnx"))
    assert network.inputs == (
        TensorForm("left", "float32", (None, 3)),
        TensorForm("right", "float32", (None, 2)),
    )
    assert network.outputs == (
        TensorForm("product", "float32", (None, 1)),
        TensorForm("both", "float32", (None, 5)),
    )


@pytest.mark.parametrize("rows", [1, 3, 256])
def test_answers_are_onnxruntimes_own_to_the_last_bit(
    rows: int, tmp_path: Path
) -> None:
    path = write_convolution(tmp_path / "digits.onnx")
    pixels = RANDOM.random((rows, 64), dtype=np.float32)
    own = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [expected] = own.run(None, {"pixels": pixels})
    found = NetworkFile.open(path).run({"pixels": pixels})
    assert found["logits"].tobytes() == expected.tobytes()


def test_what_is_not_answered_raises_without_a_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node = helper.make_node("Gather", ["table", "ids"], ["y"])
    path = write_network(
        tmp_path / "embedding.onnx",
        [node],
        [("ids", TensorProto.INT64, ["n"])],
        [("y", FLOAT, ["n"])],
        {"table": np.arange(5, dtype=np.float32)},
    )
    network = NetworkFile.open(path)
    with pytest.raises(ValueError, match="does not answer its inputs") as caught:
        network.run({"ids": np.array([987])})
    assert "987" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert capfd.readouterr() == ("", "")


FORK = """
import os, sys
from service.model.runtimes.network_file import NetworkFile
network = NetworkFile.open(sys.argv[1])
assert len(os.listdir("/proc/self/task")) == 1
child = os.fork()
if not child:
    sys.exit(0)
assert os.waitpid(child, 0) == (child, 0)
"""


def test_a_network_brings_no_thread_and_a_forked_process_ends(tmp_path: Path) -> None:
    """By itself, onnxruntime starts one to report to its maker."""
    path = write_linear(tmp_path / "x.onnx", np.eye(2))
    subprocess.run(
        [sys.executable, "-c", FORK, path],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1"},
        timeout=PATIENCE_SECONDS,
        check=True,
    )


def test_the_bytes_are_not_kept_beside_the_session(tmp_path: Path) -> None:
    content = write_linear(tmp_path / "x.onnx", np.eye(2)).read_bytes()
    before = sys.getrefcount(content)
    network = OnnxNetwork.load(content, {})
    assert sys.getrefcount(content) == before
    assert network.inputs


def test_a_session_has_one_thread_and_the_processor_alone(tmp_path: Path) -> None:
    content = write_linear(tmp_path / "x.onnx", np.eye(2)).read_bytes()
    session = OnnxNetwork.load(content, {})._session
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert session.get_providers() == ["CPUExecutionProvider"]
