"""The errors of an artefact, a contract or an instance.

Each message is one sentence that a person can act on. None holds a feature value.
"""

from collections.abc import Mapping
from dataclasses import dataclass


class ModelError(Exception):
    """The base of all errors that this package raises on purpose."""


class PackagingError(ModelError):
    """A pipeline or its training table cannot be packaged as it is."""


class ContractError(PackagingError):
    """A feature, or an edit of one, cannot be represented; the message names it."""


class ArtefactError(ModelError):
    """An artefact must not be served; the message is one line, whatever it quotes."""

    def __init__(self, sentence: str) -> None:
        super().__init__(write_line(sentence))


class ArtefactMissingError(ArtefactError):
    """The folder, or a file that its manifest lists, is not there."""


class ArtefactFormatError(ArtefactError):
    """A file of the artefact cannot be understood."""


class ArtefactDigestError(ArtefactError):
    """A file of the artefact is not, byte for byte, what was packaged."""


class LibraryVersionError(ArtefactError):
    """This environment is not the one the pipeline was fitted in."""


class PipelineLoadError(ArtefactError):
    """The pipeline does not load here."""


class NetworkLoadError(ModelError):
    """A network's file is damaged, of another kind, or its runtime is not installed."""


class NetworkMemoryError(ModelError):
    """There was no memory for a network to answer with."""

    def __init__(self) -> None:
        super().__init__(
            "There is no memory to run the network with so many rows, or so large ones."
        )


class DeviceLostError(ModelError):
    """The process with the device has ended, or does not start."""


class GoldenMismatchError(ArtefactError):
    """A golden record is not answered as the training environment answered it."""


class NoPlanError(ModelError):
    """A fitted object has no exact compiled form, and runs as itself."""


class NotExplainedError(ModelError):
    """What each feature contributes to an answer of this model is not exact."""


class MalformedJsonError(ModelError):
    """The bytes are not the strict JSON that the service reads."""


class MalformedCsvError(ModelError):
    """The bytes are not the CSV that the service reads."""


class MalformedArrowError(ModelError):
    """The bytes are not an Arrow stream that the service reads."""


class TooManyInstancesError(ModelError):
    """One request holds more instances than are served at once."""


class NonFinitePredictionError(ModelError):
    """The pipeline answered NaN or an infinity, which JSON cannot carry."""


class NoAnswerError(ModelError):
    """The pipeline has no answer for an instance that keeps the contract."""

    def __init__(self, index: int) -> None:
        super().__init__(f"The model has no answer for instances[{index}].")
        message = "keeps the contract, and the model has no answer for it"
        self.remarks = (Remark(f"instances[{index}]", message),)


class DataFileError(ModelError):
    """A file of instances cannot be compared with the training table."""


@dataclass(frozen=True)
class Remark:
    """A message about one place in a request, such as `instances[3].Age`."""

    path: str
    message: str


class ContractViolationError(ModelError):
    """The request violates the contract, at the places that `remarks` names.

    `counts` are the numbers of these by field and kind of violation.
    """

    def __init__(
        self, remarks: tuple[Remark, ...], counts: Mapping[tuple[str, str], int]
    ) -> None:
        super().__init__(f"{remarks[0].path} {remarks[0].message}")
        self.remarks = remarks
        self.counts = counts


def write_line(text: str) -> str:
    """Return a text on one line, with nothing in it that a terminal would act on."""
    return escape_controls(" ".join(text.split()))


def escape_controls(text: str) -> str:
    """Return a text with escapes for all that is not printable."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def describe_error(error: BaseException) -> str:
    """Return the type and the message of another library's error, on one line."""
    message = write_line(str(error)).rstrip(".")
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
