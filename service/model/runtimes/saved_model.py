"""SavedModels, run by TensorFlow: a folder, which an artefact has as one archive."""

import io
import itertools
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.model.errors import NetworkLoadError, describe_error
from service.model.runtimes.device import CPU
from service.model.runtimes.network import Network, TensorForm, explain_fault
from service.model.runtimes.stderr import silencing_stderr
from service.regular_file import read_regular

# What every SavedModel has, beside its variables and assets.
GRAPH = "saved_model.pb"

SIGNATURE = "serving_default"

# The first that a zip archive can say; it is equal for equal folders.
NO_TIME = (1980, 1, 1, 0, 0, 0)

_numbers = itertools.count()


class SavedModelNetwork(Network):
    """One signature of a SavedModel: the option `signature`, or the default one.

    Whatever process TensorFlow has run in, its forks hang: each loads it anew.
    """

    runtime = "saved-model"
    library = "tensorflow"
    extra = "tensorflow"
    loads_in_worker = True

    def __init__(self, tensorflow: Any, loaded: Any, signature: str) -> None:
        """Read the forms of a signature. Raises NetworkLoadError."""
        if signature not in loaded.signatures:
            known = ", ".join(loaded.signatures) or "none"
            raise NetworkLoadError(
                f"The SavedModel has no signature {signature!r}: it has {known}."
            )
        self._tensorflow = tensorflow
        self._loaded = loaded  # a signature alone does not keep its variables
        self._signature = loaded.signatures[signature]
        self.inputs = _read_forms(self._signature.structured_input_signature[1])
        self.outputs = _read_forms(self._signature.structured_outputs)

    @classmethod
    def read(cls, path: Path) -> bytes:
        """Return the archive of a folder. Raises OSError."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(filter(Path.is_file, path.rglob("*"))):
                name = file.relative_to(path).as_posix()
                archive.writestr(zipfile.ZipInfo(name, NO_TIME), read_regular(file))
        return packed.getvalue()

    @classmethod
    def load(
        cls, content: bytes, options: Mapping[str, Any], place: str = CPU
    ) -> "SavedModelNetwork":
        """Load a signature from an archive, by way of a folder in memory."""
        tensorflow = cls.prepare()
        try:
            loaded = _load_archive(tensorflow, content)
        except Exception as error:  # noqa: BLE001 - TensorFlow has many of its own
            raise NetworkLoadError(
                f"TensorFlow does not load the SavedModel: {describe_error(error)}."
            ) from None
        return cls(tensorflow, loaded, options.get("signature", SIGNATURE))

    @classmethod
    def prepare(cls) -> Any:
        """Import TensorFlow, as may be done before a fork. Raises NetworkLoadError."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            with silencing_stderr():
                import tensorflow  # noqa: PLC0415 - need not be installed
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and error.name == cls.library:
                raise NetworkLoadError(cls.explain_missing()) from None
            raise NetworkLoadError(
                f"TensorFlow cannot be imported: {describe_error(error)}."
            ) from None
        return tensorflow

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            constants = {
                form.name: self._tensorflow.constant(inputs[form.name])
                for form in self.inputs
            }
            found = self._signature(**constants)
            return {form.name: _read_output(found[form.name]) for form in self.outputs}
        except Exception as error:  # noqa: BLE001 - TensorFlow has many of its own
            raise explain_fault(error) from None


def _load_archive(tensorflow: Any, content: bytes) -> Any:
    """Load a SavedModel from a folder in memory, which is removed again."""
    folder = f"ram://saved-model-{os.getpid()}-{next(_numbers)}"
    files = tensorflow.io.gfile
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            files.makedirs(f"{folder}/{name}".rpartition("/")[0])
            with files.GFile(f"{folder}/{name}", "wb") as file:
                file.write(archive.read(name))
    try:
        return tensorflow.saved_model.load(folder)
    finally:
        files.rmtree(folder)


def _read_forms(specs: Mapping[str, Any]) -> tuple[TensorForm, ...]:
    """Return the forms of tensors by name. Raises NetworkLoadError.

    Sorted: TensorFlow has them in another order each time that a model is saved.
    """
    return tuple(_iterate_forms(dict(sorted(specs.items()))))


def _iterate_forms(specs: Mapping[str, Any]) -> Iterator[TensorForm]:
    for name, spec in specs.items():
        if spec.shape.rank is None:
            raise NetworkLoadError(f"{name!r} may have any number of dimensions.")
        dtype = np.dtype(spec.dtype.as_numpy_dtype)
        yield TensorForm(
            name, "str" if dtype.kind == "O" else dtype.name, tuple(spec.shape)
        )


def _read_output(tensor: Any) -> np.ndarray:
    """Return an output as an array, its texts as str."""
    array = np.asarray(tensor.numpy())
    if array.dtype.kind == "O":
        texts = [text.decode() for text in array.flat]
        array = np.array(texts, dtype=object).reshape(array.shape)
    return array
