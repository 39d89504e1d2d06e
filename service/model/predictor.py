"""The predictor: validated instances in, predictions out."""

import io
import warnings
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from service.model.artefact import GOLDEN, PIPELINE, Artefact
from service.model.errors import ModelError, PipelineLoadError
from service.model.golden import Golden, decode_golden, prove
from service.model.instances import Instances, Predictions
from service.model.manifest import Manifest
from service.model.modules import install_modules, to_path
from service.model.reference import Outputs, Reference, use_one_thread
from service.model.tables import build_table


class Predictor:
    """A loaded pipeline, its manifest, and the golden records that prove it.

    `digest` is the SHA-256 of the manifest, and so of everything in the artefact.
    """

    def __init__(
        self, manifest: Manifest, digest: str, golden: Golden, pipeline: Any
    ) -> None:
        self.manifest = manifest
        self.digest = digest
        self.golden = golden
        self.reference = Reference(pipeline)

    def predict(self, instances: Instances) -> Predictions:
        """Answer the instances, in order.

        Raises NonFinitePredictionError, and whatever the pipeline raises.
        """
        table = build_table(self.manifest.contract, instances.columns)
        return name_outputs(self.reference.predict(table), self.manifest.names)

    def prove(self) -> None:
        """Reproduce the golden records. Raises GoldenMismatchError."""
        prove(self.predict, self.manifest, self.golden)


def name_outputs(outputs: Outputs, names: tuple[str, ...]) -> Predictions:
    """Return outputs as plain values under their business names."""
    if outputs.values is not None:
        return Predictions(names, values=outputs.values.astype(float).tolist())
    labels = [names[index] for index in outputs.classes]  # type: ignore[union-attr]
    if outputs.probabilities is None:
        return Predictions(names, labels)
    return Predictions(names, labels, outputs.probabilities.astype(float).tolist())


def load_predictor(artefact: Artefact) -> Predictor:
    """Load the pipeline of a verified artefact. Raises PipelineLoadError."""
    manifest = artefact.manifest
    sources = {
        name: artefact.files[to_path(name, manifest.code)] for name in manifest.code
    }
    install_modules(sources)
    golden = decode_golden(artefact.files[GOLDEN])
    try:
        with warnings.catch_warnings():
            # Libraries agree in major.minor by now; the golden records judge the rest.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            pipeline = joblib.load(io.BytesIO(artefact.files[PIPELINE]))
        use_one_thread(pipeline)
        return Predictor(manifest, artefact.digest, golden, pipeline)
    except ModelError:
        raise
    except Exception as error:
        raise PipelineLoadError(
            f"The pipeline of {manifest.name} {manifest.version} does not load:"
            f" {type(error).__name__}: {error}."
        ) from error
