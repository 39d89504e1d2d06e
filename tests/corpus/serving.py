"""What the service answers: a pipeline packaged in memory, and requests of it.

package() proves a version in a process of its own, which takes seconds. Here the same
version is made, not written, and load_predictor() loads it as a worker does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from corpus.tables import Data
from service.model.artefact.folder import Artefact
from service.model.contract.codec import Codec
from service.model.contract.features import Contract
from service.model.contract.plain_values import to_json
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.table_rows import read_columns
from service.model.loading import load_predictor
from service.model.packaging.code import TravellingCode
from service.model.packaging.contents import Contents
from service.model.packaging.labels import name_answers
from service.model.packaging.options import Metadata, read_extras
from service.model.packaging.pickling import pickle_pipeline
from service.model.packaging.proposal import propose_contract
from service.model.packaging.version import make_version
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import Predictor

METADATA = Metadata("corpus", "1.0.0", description="", metrics={})

# Which libraries are installed takes a third of a second to find, and nobody asks.
NO_CODE = TravellingCode(distributions={})


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
    """Package a fitted pipeline in memory and load it. Raises what these raise."""
    extras = read_extras(options.get("scores"), std=options.get("std", False))
    reference = FittedPipeline(pipeline, extras)
    contract, _ = propose_contract(reference, data.X)
    form = name_answers(reference, data.X, data.y, None)
    contents = Contents(pickle_pipeline(pipeline), NO_CODE, [], (), {})
    version = make_version(
        reference,
        data.X,
        metadata=METADATA,
        contract=contract,
        form=form,
        contents=contents,
    )
    predictor = load_predictor(Artefact(version.manifest, "", version.files, Path()))
    predictor.prove()
    return Service(predictor, Codec(contract, UNBOUNDED))


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
