"""The manifest: name, contract, libraries and digests of one version of a model."""

import importlib.metadata
import platform
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from service.model.artefact.code import find_path
from service.model.contract.features import Contract, Record
from service.model.contract.prediction_form import PredictionForm
from service.model.errors import ArtefactFormatError, LibraryVersionError
from service.model.tasks.task import TaskName
from service.model.tolerances import (
    GOLDEN_RECORD,
    SINGLE_GOLDEN_RECORD,
    WIDEST_BATCH,
    WIDEST_GOLDEN_RECORD,
)

PIPELINE = "pipeline.joblib"
GOLDEN = "golden.json"
SAMPLE = "sample.json"

# Raised whenever a reader of the old format would misread the new one: the first had
# classifiers of one output and regressors, and no form of a prediction, the second no
# networks and no tensors, and the third no bound of the owner's for batching and no
# names of dimensions. Each is still written where it says all.
FORMAT = 4
THIRD_FORMAT = 3
SECOND_FORMAT = 2
FIRST_FORMAT = 1

# The library that runs estimators of skorch, in float32.
TORCH = "torch"

NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")

# semver.org, without build metadata: a folder name and a header must carry it.
VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


class NetworkRecord(Record, frozen=True):
    """What the manifest says of a network: the runtime that answers by it."""

    runtime: str


class Manifest(Record, frozen=True):
    """What `manifest.json` holds.

    `names` are the business labels in the order of the pipeline's classes, or the
    names of its outputs or numbers. `prediction` is the form of a prediction, None
    where the task and the names say it. `libraries` maps a distribution to its exact
    version, `files` a file's path to its SHA-256, `code` lists the modules that
    travel along, `embedded` what of the training script is in the pickle itself, and
    `left_out` the libraries that the modules import and do not predict with.
    `tolerance` is relative, and `absolute_tolerance` for numbers near zero, where that
    is larger. `networks` lists the files of networks, and `batch_difference` is the
    largest one that was found between the answers to a row alone and among others; it
    was not looked for without a network. `batch_tolerance` is the largest one with
    which requests are predicted together, None where the owner has said none.
    """

    format: int
    name: str
    version: str
    task: TaskName
    created: str
    names: tuple[str, ...]
    contract: Contract
    libraries: dict[str, str]
    files: dict[str, str]
    code: tuple[str, ...] = ()
    description: str = ""
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    tolerance: float = GOLDEN_RECORD
    prediction: PredictionForm | None = None
    embedded: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    absolute_tolerance: float = 0.0
    networks: dict[str, NetworkRecord] = msgspec.field(default_factory=dict)
    batch_difference: float | None = None
    batch_tolerance: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError, as msgspec wants it, for what packaging never writes."""
        is_bare = bool(self.contract.array_dtype)
        is_one = self.contract.table in ("text", "mapping")
        features = [feature.name for feature in self.contract.features]
        for is_right, fault in (
            (1 <= self.format <= FORMAT, f"format must be 1 to {FORMAT}"),
            (NAME.fullmatch(self.name), f"name must match {NAME.pattern}"),
            (VERSION.fullmatch(self.version), "version must be semantic"),
            (self._has_narrow_tolerance(), "tolerance is out of its range"),
            (
                0 <= (self.batch_tolerance or 0) <= WIDEST_BATCH,
                "batch_tolerance is out of its range",
            ),
            (self.names, "names must not be empty"),
            (len(set(self.names)) == len(self.names), "names must differ"),
            (features, "there must be a feature"),
            (
                len(set(features)) == len(features),
                "features must have names of their own",
            ),
            (
                is_one or is_bare == (self.contract.table == "array"),
                "array_dtype must fit",
            ),
            (not is_one or len(features) == 1, "there must be one feature"),
            (
                {(f.type == "tensor") for f in self.contract.features}
                == {self.contract.table == "tensors"},
                "tensors must be of one table",
            ),
            ({*self._paths()} <= self.files.keys(), "files must list all that is read"),
        ):
            if not is_right:
                raise ValueError(fault)

    def _has_narrow_tolerance(self) -> bool:
        has_networks = self.networks or TORCH in self.libraries
        widest = SINGLE_GOLDEN_RECORD if has_networks else WIDEST_GOLDEN_RECORD
        is_narrow = 0 <= self.absolute_tolerance <= widest
        return is_narrow and 0 < self.tolerance <= widest

    def _paths(self) -> Iterator[str]:
        yield from (PIPELINE, GOLDEN, SAMPLE, *self.networks)
        yield from (find_path(name, self.files) for name in self.code)


# The names of a library's builds, of which any one may be installed.
BUILDS = {"tensorflow": "tensorflow-cpu", "onnxruntime": "onnxruntime-gpu"}


class _Format(msgspec.Struct):
    format: int


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON, for people to read and git to compare."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(raw: bytes) -> Manifest:
    """Read a manifest. Raises ArtefactFormatError."""
    try:
        found = msgspec.json.decode(raw, type=_Format).format
        if found > FORMAT:
            raise ArtefactFormatError(
                f"The artefact has format {found}, and this service reads up to"
                f" {FORMAT}: serve it with a newer release."
            )
        return msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtefactFormatError(f"manifest.json cannot be read: {error}.") from None


def read_version(library: str) -> str | None:
    """Return the version of an installed distribution, or of Python itself."""
    if library == "python":
        return platform.python_version()
    try:
        return importlib.metadata.version(library)
    except (importlib.metadata.PackageNotFoundError, ValueError):  # or no name at all
        return read_version(BUILDS[library]) if library in BUILDS else None


def check_libraries(libraries: Mapping[str, str]) -> None:
    """Refuse an environment that differs in any major.minor.

    Raises LibraryVersionError, naming each library that differs.
    """
    differing = []
    for library, wanted in libraries.items():
        found = read_version(library)
        if found is None or _major_minor(found) != _major_minor(wanted):
            differing.append(f"{library} {wanted} (here: {found or 'none'})")
    if differing:
        raise LibraryVersionError(
            f"The pipeline was fitted with {', '.join(differing)}: install these"
            " versions, or package it again with the ones here."
        )


def _major_minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])


def describe_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as it stands in JSON."""
    described: dict[str, Any] = msgspec.to_builtins(manifest)
    return described
