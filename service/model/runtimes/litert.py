"""TensorFlow Lite files, run by ai-edge-litert.

It has the operators that are built in, and no others: nothing in a file is code. It
verifies a file, and yet some damages end the process that loads or runs one (of 19,000
damaged files, three did). So a file is first tried by another process: this module.
"""

import contextlib
import re
import resource
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError, describe_error
from service.model.runtimes.device import CPU
from service.model.runtimes.file_trial import try_file
from service.model.runtimes.litert_graph import (
    Arrays,
    Graph,
    find_graph,
    free_rows,
    read_forms,
    read_steps,
)
from service.model.runtimes.network import Network, TensorForm, explain_fault
from service.model.runtimes.stderr import silencing_stderr

# Not __name__: it is run as a program, too.
MODULE = "service.model.runtimes.litert"

# Messages of some 200 bytes each; to open a file of 200 MB takes some 0.1 s.
MAX_FAILURES = 100

# How it names an operator that it lacks, and words of what it says of a damaged file.
UNKNOWN_OPERATOR = re.compile(r"\((\w+)\) failed to prepare")
DAMAGED = ("latbuffer", "model identifier", "Invalid tensor index", "be specified")


class LitertNetwork(Network):
    """One signature of a file: the option `signature`, or the default or only one.

    One that takes a single row is asked row by row. Quantised outputs are answered as
    the numbers that they stand for; quantised inputs are given as they are.
    """

    runtime = "litert"
    library = "ai-edge-litert"
    extra = "litert"
    suffixes = (".tflite",)

    def __init__(self, content: bytes, signature: str | None) -> None:
        """Open a file, and read its forms. Raises NetworkLoadError."""
        self._content, self._signature = content, signature
        # An interpreter answers in tensors of its own: one thread would get another's.
        self._lock = threading.Lock()
        self._failures = 0
        graph = self._open()
        self._answer = graph.answer
        self._steps = read_steps(graph.outputs)
        self.inputs = read_forms(graph.inputs)
        self.outputs = read_forms(graph.outputs, self._steps)
        forms = (*self.inputs, *self.outputs)
        self._is_of_one = all(form.shape[:1] == (1,) for form in forms)
        if self._is_of_one:
            self.inputs = free_rows(self.inputs)
            self.outputs = free_rows(self.outputs)

    @classmethod
    def read(cls, path: Path) -> bytes:
        """Return a file that does not end what loads it. Raises NetworkLoadError."""
        content = super().read(path)
        try:
            try_file(MODULE, content)
        except NetworkLoadError as error:
            raise NetworkLoadError(f"{path.name}: {error}") from None
        return content

    @classmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "LitertNetwork":
        """Load a network from its verified bytes, which it keeps."""
        try:
            with silencing_stderr():  # the first in a process says what it runs by
                return cls(content, options.get("signature"))
        except NetworkLoadError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a file
            raise NetworkLoadError(_explain_load(error)) from None

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        ask = self._run_rows if self._is_of_one else self._answer
        with self._lock:
            try:
                found = ask(inputs)
            except Exception as error:  # noqa: BLE001 - whatever it raises
                self._count_failure()
                raise explain_fault(error) from None
        scaled = {name: step.scale(found[name]) for name, step in self._steps.items()}
        return {**found, **scaled}

    def _run_rows(self, inputs: Arrays) -> Arrays:
        """Return the answers to each row alone."""
        count = len(next(iter(inputs.values())))
        rows = [
            self._answer({name: array[i : i + 1] for name, array in inputs.items()})
            for i in range(count)
        ]
        names = [form.name for form in self.outputs]
        return {name: np.concatenate([row[name] for row in rows]) for name in names}

    def _count_failure(self) -> None:
        """Open the file anew after many: each leaves its message in the interpreter."""
        self._failures += 1
        if self._failures % MAX_FAILURES == 0:
            self._answer = self._open().answer

    def _open(self) -> Graph:
        return find_graph(_open_interpreter(self._content), self._signature)


def _open_interpreter(content: bytes) -> Any:
    """Return an interpreter with its tensors allocated, which runs on one thread."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional
    except ImportError:
        raise NetworkLoadError(LitertNetwork.explain_missing()) from None
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _explain_load(error: Exception) -> str:
    """Return the sentence for a file that ai-edge-litert does not load."""
    message = str(error)
    is_damaged = isinstance(error, UnicodeDecodeError | TypeError)
    if is_damaged or any(words in message for words in DAMAGED):
        return "The file is damaged, or holds no TensorFlow Lite network."
    if "custom op" in message or "Select TensorFlow op" in message:
        found = UNKNOWN_OPERATOR.search(message)
        name = f" {found[1]}" if found else ""
        return f"ai-edge-litert has no operator{name}, which is none that is built in."
    return f"ai-edge-litert does not load the network: {describe_error(error)}."


def main() -> None:
    """Load the file that comes in, and run its signatures on one row and on two."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it may end with a dump
    content = sys.stdin.buffer.read()
    known = _open_interpreter(content).get_signature_list()
    for signature in [*known] or [None]:
        network = LitertNetwork(content, signature)
        for rows in (1, 2):
            with contextlib.suppress(ValueError):
                network.run({f.name: _make_zeros(f, rows) for f in network.inputs})


def _make_zeros(form: TensorForm, rows: int) -> np.ndarray:
    sizes = [1 if size is None else size for size in form.shape]
    if form.shape[:1] == (None,):
        sizes[0] = rows
    return np.zeros(sizes, dtype=form.dtype)


if __name__ == "__main__":
    main()
