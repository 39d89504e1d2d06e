"""A .tflite file is run as ai-edge-litert runs it, or refused in one sentence."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ai_edge_litert.interpreter import Interpreter
from pipelines import ROOT
from proved_here import package_here
from server import PATIENCE_SECONDS
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.cli.image import choose_lock
from service.model import NetworkClassifier, NetworkTransformer, from_tflite
from service.model.artefact.folder import read_artefact
from service.model.errors import NetworkLoadError
from service.model.loading import load_predictor
from service.model.runtimes import file_trial
from service.model.runtimes.litert import MAX_FAILURES, MODULE, LitertNetwork
from service.model.runtimes.network import TensorForm
from service.model.runtimes.network_file import NetworkFile

FILES = ROOT / "tests/support/tflite"
SOFTMAX = FILES / "softmax.tflite"
SIZES = (1, 2, 3, 4, 7, 8, 33, 256)

ROWS = np.random.default_rng(0).normal(size=(256, 3)).astype(np.float32)


def write_changed(path: Path, *changes: tuple[int, int]) -> Path:
    """Write a file of which some bytes differ."""
    content = bytearray(SOFTMAX.read_bytes())
    for place, byte in changes:
        content[place] = byte
    path.write_bytes(content)
    return path


def write_truncated(path: Path) -> Path:
    path.write_bytes(SOFTMAX.read_bytes()[:-100])
    return path


def write_bytes(path: Path) -> Path:
    path.write_bytes(b"no network")
    return path


def write_nothing(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def take(name: str) -> Any:
    return lambda path: FILES / f"{name}.tflite"


# What is wrong with a file, and words of the sentence.
FAULTS = {
    "truncated": (write_truncated, "damaged"),
    "no network": (write_bytes, "damaged"),
    "empty": (write_nothing, "damaged"),
    # The offset of a table, which the verifier lets pass and the interpreter follows.
    "ends a process": (lambda path: write_changed(path, (16, 0)), "ended by SIGSEGV"),
    "a custom operator": (take("custom"), "no operator Erfc"),
    "TensorFlow's operator": (take("flex"), "no operator FlexTan"),
    "complex numbers": (take("complex"), "'x' is a tensor of complex64"),
    "texts": (take("texts"), "'x' is a tensor of bytes"),
    "two signatures": (take("pair"), "it has score, weigh, of which from_tflite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_in_one_sentence(
    fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write, words = FAULTS[fault]
    path = write(tmp_path / "faulty.tflite")
    with pytest.raises(NetworkLoadError, match=words) as caught:
        NetworkFile.open(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_threads_that_ask_at_once_get_answers_of_their_own() -> None:
    network = NetworkFile.open(SOFTMAX)
    wanted = [network.run({"x": ROWS[i:]})["output_0"].tobytes() for i in range(200)]

    def ask(start: int) -> bool:
        found = network.run({"x": ROWS[start:]})["output_0"]
        return found.tobytes() == wanted[start]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [*range(200)] * 10))


DAMAGE = """
import os, resource, signal, sys
import numpy as np
from service.model.errors import NetworkLoadError
from service.model.runtimes.litert import LitertNetwork

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
content = sys.stdin.buffer.read()
files = [content[:end] for end in range(0, len(content), 29)]
for place in range(20, len(content), 9):
    files.append(content[:place] + b"\\xff" + content[place + 1 :])
for file in files:
    child = os.fork()
    if not child:
        signal.alarm(1)
        try:
            network = LitertNetwork.load(file, {})
            names = [form.name for form in network.inputs]
            network.run({name: np.zeros((2, 3), np.float32) for name in names})
        except (NetworkLoadError, ValueError) as error:
            os._exit("\\n" in str(error))
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, file
print(len(files))
"""


def run_program(program: str, *arguments: str, content: bytes = b"") -> bytes:
    """Return what a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=content,
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout


def test_a_damaged_file_raises_nothing_but_its_sentence() -> None:
    """What ends the process instead is for the trial to find."""
    assert int(run_program(DAMAGE, content=SOFTMAX.read_bytes())) > 150


def test_a_file_that_runs_for_ever_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_trial, "MAX_SECONDS", 2)
    path = write_changed(tmp_path / "endless.tflite", (899, 60))
    with pytest.raises(NetworkLoadError, match="had not ended after 2 seconds"):
        NetworkFile.open(path)


def test_a_file_is_tried_by_the_module_that_loads_it() -> None:
    assert LitertNetwork.__module__ == MODULE


def test_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    words = r"pip install 'model-service\[litert\]'"
    with pytest.raises(NetworkLoadError, match=words):
        NetworkFile.open(SOFTMAX)


def test_the_forms_are_those_of_the_file() -> None:
    network = NetworkFile.open(FILES / "two_inputs.tflite")
    assert network.inputs == (
        TensorForm("left", "float32", (None, 3)),
        TensorForm("right", "float32", (None, 2)),
    )
    assert network.outputs == (
        TensorForm("both", "float32", (None, 5)),
        TensorForm("product", "float32", (None, 1)),
    )


@pytest.mark.parametrize("name", ["softmax", "unsigned", "one_row"])
def test_answers_are_the_interpreters_own_to_the_last_bit(name: str) -> None:
    """Alone and among others, by a signature, without any, and row by row."""
    path = FILES / f"{name}.tflite"
    own = Interpreter(model_path=str(path), num_threads=1)
    [given], [answer] = own.get_input_details(), own.get_output_details()
    own.allocate_tensors()
    wanted = []
    for row in ROWS:
        own.set_tensor(given["index"], row[np.newaxis])
        own.invoke()
        wanted.append(own.get_tensor(answer["index"])[0])
    network = NetworkFile.open(path)
    [form], [output] = network.inputs, network.outputs
    assert form.shape == (None, 3)
    for size in (*SIZES, *SIZES[::-1]):
        found = network.run({form.name: ROWS[:size]})[output.name]
        assert found.tobytes() == np.array(wanted[:size]).tobytes()


def test_a_batch_of_another_fixed_size_is_refused() -> None:
    with pytest.raises(NetworkLoadError, match="takes no batch of any size"):
        NetworkClassifier(FILES / "four_rows.tflite")


def test_a_signature_is_chosen_by_name() -> None:
    score = NetworkTransformer(from_tflite(FILES / "pair.tflite", "score"))
    assert [*score.get_feature_names_out()] == ["score_0", "score_1"]
    for each in (score, pickle.loads(pickle.dumps(score))):
        assert each.transform([[1, 0, 0]]).tolist() == [[0.5, -0.25]]
    weigh = NetworkClassifier(from_tflite(FILES / "pair.tflite", "weigh"))
    assert weigh.predict([[1, 0, 0]]).tolist() == [0]
    with pytest.raises(NetworkLoadError, match="no signature 'judge': it has score"):
        from_tflite(FILES / "pair.tflite", "judge")


def test_quantised_answers_are_the_numbers_that_they_stand_for() -> None:
    network = NetworkFile.open(FILES / "quantised.tflite")
    assert [form.dtype for form in network.inputs] == ["int8"]
    assert [form.dtype for form in network.outputs] == ["float32"]
    numbers = np.arange(-128, 127, dtype=np.int8).reshape(-1, 3)
    [found] = network.run({"x": numbers}).values()
    own = Interpreter(model_path=str(FILES / "quantised.tflite"))
    runner = own.get_signature_runner()
    [raw] = runner(x=numbers).values()
    assert found.tolist() == ((raw.astype(float) + 128) / 256).tolist()
    classifier = NetworkClassifier(network)
    with pytest.raises(ValueError, match="given what no int8 is"):
        classifier.predict([[0.5, 0, 0]])


def test_what_is_not_answered_raises_without_a_value(
    capfd: pytest.CaptureFixture[str],
) -> None:
    network = NetworkFile.open(FILES / "gather.tflite")
    for _ in range(MAX_FAILURES + 1):
        with pytest.raises(ValueError, match="does not answer its inputs") as caught:
            network.run({"x": np.array([[987]])})
        assert "987" not in str(caught.value)
        assert caught.value.__suppress_context__
        [found] = network.run({"x": np.array([[3]])}).values()
        assert found.tolist() == [[9.0]]
    assert capfd.readouterr() == ("", "")


def test_nan_is_refused_and_passed_on_where_it_is_allowed() -> None:
    table = [[np.nan, 0.0, 0.0]]
    with pytest.raises(ValueError, match="given NaN"):
        NetworkClassifier(SOFTMAX).predict(table)
    found = NetworkClassifier(SOFTMAX, allow_nan=True).predict_proba(table)
    assert np.isnan(found).all()


FORK = """
import os, sys
import numpy as np
from service.model.runtimes.network_file import NetworkFile
network = NetworkFile.open(sys.argv[1])
rows = np.arange(30, dtype=np.float32).reshape(-1, 3)
ask = lambda: network.run({"x": rows})["output_0"].tobytes()
wanted = ask()
assert len(os.listdir("/proc/self/task")) == 1
for _ in range(2):
    child = os.fork()
    if not child:
        os._exit(ask() != wanted)
    assert os.waitpid(child, 0) == (child, 0)
"""


def test_a_network_brings_no_thread_and_answers_in_forked_processes() -> None:
    run_program(FORK, str(SOFTMAX))


def test_a_network_behind_a_scaler_is_packaged(tmp_path: Path) -> None:
    X = pd.DataFrame(ROWS.astype(float), columns=["a", "b", "c"])
    network = NetworkClassifier(SOFTMAX, classes=["stays", "leaves"])
    pipeline = make_pipeline(StandardScaler(), network).fit(X)
    options: dict[str, Any] = {"name": "churn", "version": "1.0.0", "to": tmp_path}
    predictor = load_predictor(read_artefact(package_here(pipeline, X, **options)))
    predictor.prove()
    manifest = predictor.manifest
    assert predictor.engine.name == "plan"
    [(place, record)] = manifest.networks.items()
    assert (place, record.runtime) == ("networks/softmax.tflite", "litert")
    assert "ai-edge-litert" in manifest.libraries
    assert choose_lock(manifest) == "requirements-litert.txt"
    assert manifest.batch_difference == 0
    assert (manifest.tolerance, manifest.absolute_tolerance) == (1e-5, 1e-6)
