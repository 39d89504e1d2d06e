"""ONNX networks, run by onnxruntime."""

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError, write_line
from service.model.runtimes.device import CPU
from service.model.runtimes.network import Network, TensorForm, explain_fault

# Read when onnxruntime is imported, here or by code that travels: 1.32 would report to
# its maker, by a thread that a forked worker waits for at its end, for ever.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# By the names of ONNX; numpy has no other type that onnxruntime takes.
DTYPES = {
    "float": "float32",
    "double": "float64",
    "string": "str",
    **{
        name: name
        for name in (
            *("float16", "bool", "int8", "int16", "int32", "int64"),
            *("uint8", "uint16", "uint32", "uint64"),
        )
    },
}

# The highest of onnxruntime's severities. Its messages may quote what it was given.
FATAL = 4

# Where onnxruntime looks for weights in files of their own, by default in the working
# directory: where there can be none, since these would be no verified bytes.
EXTERNAL_FOLDER = "session.model_external_initializers_file_folder_path"
NOWHERE = "/dev/null/none"

# What stands before a message of onnxruntime: its number, and the line of its source.
LEADING = re.compile(
    r"^\[ONNXRuntimeError\] : \d+ : \w+ : (?:Fatal error: |Exception during"
    r" initialization: )?(?:/\S+:\d+ .*?\)\S* )?",
    re.DOTALL,
)
AND_SO_ON = " Encountered following errors"

CUDA = "CUDAExecutionProvider"

# TF32 has ten bits of a float32's 23. The usual search times convolutions and takes the
# fastest, which is another one another time.
CUDA_OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "DEFAULT"}


class OnnxNetwork(Network):
    """A session of onnxruntime, which forked workers share."""

    runtime = "onnx"
    library = "onnxruntime"
    extra = "onnx"
    suffixes = (".onnx",)
    takes_devices = True

    def __init__(self, session: Any) -> None:
        """Read the forms of a session. Raises NetworkLoadError."""
        self._session = session
        self.inputs = tuple(map(_read_form, session.get_inputs()))
        self.outputs = tuple(map(_read_form, session.get_outputs()))
        self._names = [form.name for form in self.outputs]

    @classmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "OnnxNetwork":
        """Load a network from its verified bytes, so that it reads no other file."""
        try:
            import onnxruntime  # noqa: PLC0415 - need not be installed
        except ImportError:
            raise NetworkLoadError(cls.explain_missing()) from None
        onnxruntime.set_default_logger_severity(FATAL)
        try:
            session = onnxruntime.InferenceSession(
                content,
                _build_options(onnxruntime, place),
                _choose_providers(onnxruntime, place),
            )
        except NetworkLoadError:
            raise
        except Exception as error:  # noqa: BLE001 - it has eleven types of its own
            raise NetworkLoadError(_explain_load(error)) from None
        # Where CUDA does not begin, it would go on without a word.
        if place != CPU and CUDA not in session.get_providers():
            raise NetworkLoadError(f"CUDA does not begin on {place}.")
        # It would keep the bytes for as long as it lives, beside what it made of them.
        session._model_bytes = None
        return cls(session)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            answers = self._session.run(self._names, inputs)
        except Exception as error:  # noqa: BLE001 - it has eleven types of its own
            raise explain_fault(error) from None
        return dict(zip(self._names, answers, strict=True))


def _choose_providers(onnxruntime: Any, place: str) -> list[Any]:
    """Return what is to run a session. Raises NetworkLoadError."""
    if place == CPU:
        return ["CPUExecutionProvider"]
    if CUDA not in onnxruntime.get_available_providers():
        raise NetworkLoadError(
            "onnxruntime is built here for the processor alone: onnxruntime-gpu has to"
            " be installed in its place."
        )
    onnxruntime.preload_dlls()  # CUDA's libraries, where wheels have brought them
    number = place.partition(":")[2]
    return [(CUDA, {"device_id": number, **CUDA_OPTIONS}), "CPUExecutionProvider"]


def _build_options(onnxruntime: Any, place: str) -> Any:
    """Return the options of a session: one thread, as the workers are the others.

    With all optimisations a network of float32 gives the same bits whatever the number
    of threads; without any, a convolutional one did not.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = place != CPU
    options.log_severity_level = FATAL
    options.add_session_config_entry(EXTERNAL_FOLDER, NOWHERE)
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


def _read_form(node: Any) -> TensorForm:
    """Return the form of an input or an output. Raises NetworkLoadError."""
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    if "map(" in node.type:
        raise NetworkLoadError(
            f"{node.name!r} is a {node.type} and no tensor: export the classifier with"
            " options={'zipmap': False}."
        )
    if not node.type.startswith("tensor(") or kind not in DTYPES:
        raise NetworkLoadError(
            f"{node.name!r} holds {node.type}, and tensors of {', '.join(DTYPES)} are"
            " served."
        )
    shape = tuple(d if isinstance(d, int) and d >= 0 else None for d in node.shape)
    return TensorForm(node.name, DTYPES[kind], shape)


def _explain_load(error: Exception) -> str:
    """Return the sentence for a network that onnxruntime does not load."""
    message, kind = str(error), type(error).__name__
    if NOWHERE in message or "xternal data" in message:
        return (
            "The network keeps its weights in another file: embed them, by"
            " onnx.save_model(model, path, save_as_external_data=False)."
        )
    if kind == "InvalidProtobuf":
        return "The file is damaged, or holds no ONNX network."
    told = write_line(LEADING.sub("", message.partition(AND_SO_ON)[0])).rstrip(".")
    if kind == "NotImplemented":
        return f"onnxruntime lacks an operator of the network: {told}."
    return f"onnxruntime does not load the network: {told or kind}."
