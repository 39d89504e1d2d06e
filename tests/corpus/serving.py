"""What the service answers: a pipeline packaged in memory, and requests of it.

package() proves a version in a process of its own, which takes seconds. Here the same
parts make the same files, and load_predictor() loads them as a worker does.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import orjson

from corpus.tables import Data
from service.model.artefact.folder import Artefact
from service.model.artefact.golden import encode_golden, encode_sample
from service.model.artefact.manifest import FORMAT, GOLDEN, PIPELINE, SAMPLE, Manifest
from service.model.contract.codec import Codec
from service.model.contract.columns import to_json
from service.model.contract.features import Contract
from service.model.contract.observation import read_columns
from service.model.contract.request_limits import UNBOUNDED
from service.model.loading import load_predictor
from service.model.packaging.golden_records import select_records
from service.model.packaging.labels import name_answers
from service.model.packaging.proposal import propose_contract
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import Predictor
from service.model.tasks.task import Extras


@dataclass(frozen=True)
class Service:
    """A predictor, and what reads requests for it."""

    predictor: Predictor
    codec: Codec

    def answer(self, body: bytes) -> bytes:
        """Return the predictions of the body of a request, as a request goes."""
        predictions = self.predictor.predict(self.codec.load(body))
        return orjson.dumps(predictions.to_json())


def serve(pipeline: Any, data: Data, options: Mapping[str, Any]) -> Service:
    """Package a fitted pipeline and load it. Raises what these raise."""
    extras = Extras(
        scores=options.get("scores") == "decision", std=options.get("std", False)
    )
    reference = FittedPipeline(pipeline, extras)
    contract, _ = propose_contract(reference, data.X)
    form = name_answers(reference, data.X, data.y, None)
    selection = select_records(reference, contract, data.X, form)
    files = {
        PIPELINE: _dump(pipeline),
        GOLDEN: encode_golden(selection.golden),
        SAMPLE: encode_sample(selection.sample),
    }
    manifest = Manifest(
        format=FORMAT,
        name="corpus",
        version="1.0.0",
        task=reference.task.name,
        created="",
        names=form.title_names,
        prediction=form,
        contract=contract,
        libraries={},
        files=dict.fromkeys(files, ""),
    )
    predictor = load_predictor(Artefact(manifest, "", files, Path()))
    predictor.prove()
    return Service(predictor, Codec(contract, UNBOUNDED))


def _dump(pipeline: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    return buffer.getvalue()


def write_body(contract: Contract, X: Any, rows: list[int]) -> bytes:
    """Return the body of a request for some rows of a table."""
    columns = read_columns(X, rows)
    if contract.table == "mapping":
        return orjson.dumps({"instances": columns[0]})
    names = [feature.name for feature in contract.features]
    instances = [
        dict(zip(names, map(to_json, row), strict=True))
        for row in zip(*columns, strict=True)
    ]
    return orjson.dumps({"instances": instances})
