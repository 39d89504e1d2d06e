"""What a verified artefact holds: its pipeline, unpickled, and what lies beside it."""

import io
import traceback
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import orjson
from sklearn.exceptions import InconsistentVersionWarning

from service.model.artefact.code import FOLDER, install_modules
from service.model.artefact.folder import Artefact
from service.model.artefact.golden import Golden, decode_golden
from service.model.artefact.manifest import GOLDEN, PIPELINE, SAMPLE, Manifest
from service.model.contract.codec import Codec
from service.model.contract.instances import Instances
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.tables import build_table
from service.model.drift.histograms import HISTOGRAMS, Histograms, decode_histograms
from service.model.errors import (
    ArtefactError,
    ArtefactFormatError,
    ModelError,
    NetworkLoadError,
    PipelineLoadError,
    describe_error,
)
from service.model.pipeline import FittedPipeline
from service.model.prediction.threads import use_one_thread
from service.model.runtimes.network_file import NetworkFile, providing_networks
from service.model.tasks.task import NO_EXTRAS, Extras


class Loaded(NamedTuple):
    """What an artefact holds, unpickled and read."""

    golden: Golden
    reference: FittedPipeline
    form: PredictionForm
    histograms: Histograms | None
    sample: Instances
    networks: list[NetworkFile]


def unpickle_artefact(artefact: Artefact) -> Loaded:
    """Load what an artefact holds. Raises ArtefactError."""
    manifest = artefact.manifest
    try:
        golden = decode_golden(artefact.files[GOLDEN])
        pipeline, networks = _load_pipeline(artefact)
        reference = FittedPipeline(pipeline, _read_extras(manifest))
        form = _read_form(manifest, reference)
        histograms = None
        if HISTOGRAMS in artefact.files:
            histograms = decode_histograms(artefact.files[HISTOGRAMS], manifest)
        build_table(manifest.contract, [[] for _ in manifest.contract.features])
        sample = read_sample(artefact, golden)
        return Loaded(golden, reference, form, histograms, sample, networks)
    except ArtefactError:
        raise
    except NetworkLoadError as error:
        raise refuse_network(manifest, error) from None
    except (Exception, SystemExit) as error:
        raise PipelineLoadError(
            f"The pipeline of {manifest.name} {manifest.version} does not load:"
            f" {describe_error(error)}{_locate_fault(error, artefact.folder)}."
        ) from error


def refuse_network(manifest: Manifest, error: NetworkLoadError) -> PipelineLoadError:
    """Return the error of a version with a network that does not load."""
    return PipelineLoadError(
        f"A network of {manifest.name} {manifest.version} does not load: {error}"
    )


def _locate_fault(error: BaseException, folder: Path) -> str:
    """Return the line of a travelling module that an error was raised from, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    code = [f for f in frames if Path(f.filename).is_relative_to(folder / FOLDER)]
    if not code:
        return ""
    place = Path(code[-1].filename).relative_to(folder)
    return f" ({place}, line {code[-1].lineno})"


def _load_pipeline(artefact: Artefact) -> tuple[Any, list[NetworkFile]]:
    """Unpickle a pipeline, and list the networks in it."""
    manifest = artefact.manifest
    install_modules(artefact.folder, manifest.code, artefact.files, manifest.left_out)
    contents = {manifest.files[p]: artefact.files[p] for p in manifest.networks}
    with warnings.catch_warnings(), providing_networks(contents) as networks:
        # Libraries agree in major.minor by now; the golden records decide the rest.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        pipeline = joblib.load(io.BytesIO(artefact.files[PIPELINE]))
    use_one_thread(pipeline)
    return pipeline, networks


def _read_extras(manifest: Manifest) -> Extras:
    form = manifest.prediction
    if form is None:
        return NO_EXTRAS
    return Extras(scores=form.group == "scores", std="std" in form.scalars)


def _read_form(manifest: Manifest, reference: FittedPipeline) -> PredictionForm:
    """Return the form of a prediction.

    Refuses a manifest whose task or classes are not the pipeline's.
    """
    task = reference.task
    if manifest.task != task.name:
        raise ArtefactFormatError(
            f"manifest.json says {manifest.task}, and the pipeline does"
            f" {task.name}: package it again."
        )
    form = manifest.prediction or task.form_names(manifest.names)
    if form is None:
        raise ArtefactFormatError(
            "manifest.json does not say what a prediction holds: package it again."
        )
    named = tuple(len(part.labels) for part in form.parts.values() if part.labels)
    if named != task.label_counts:
        raise ArtefactFormatError(
            f"manifest.json has {sum(named)} names for the pipeline's"
            f" {sum(task.label_counts)} classes: package it again."
        )
    return form


def read_sample(artefact: Artefact, golden: Golden) -> Instances:
    """Read the golden instances and the sample, by the path that requests take."""
    try:
        sample = orjson.loads(artefact.files[SAMPLE])["instances"]
        rows = [*(record.instance for record in golden.records), *sample]
        codec = Codec(artefact.manifest.contract, UNBOUNDED)
        return codec.load(orjson.dumps({"instances": rows}))
    except (ModelError, ValueError, LookupError, TypeError) as error:
        raise ArtefactFormatError(
            "The instances of golden.json and sample.json cannot be read:"
            f" {describe_error(error)}."
        ) from None
