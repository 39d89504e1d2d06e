"""A model as a process has loaded it, once, and how it is asked about a table."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from service.batch.answers import BEFORE_NAME, group_remarks, place_in_table
from service.model.artefact.folder import read_artefact
from service.model.contract.arrow_stream import ArrowReader
from service.model.contract.codec import Codec
from service.model.contract.column_form import COLUMNS
from service.model.contract.instances import Instances, Predictions
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import (
    ArtefactDigestError,
    ContractViolationError,
    DataFileError,
    NoAnswerError,
)
from service.model.loading import load_predictor
from service.model.prediction.predictor import Predictor
from service.model.prediction.unanswered import slice_instances

Answered = tuple[Instances, Predictions]

_loading = threading.Lock()


@dataclass(frozen=True)
class Model:
    """What a process has loaded of an artefact, and proved."""

    predictor: Predictor
    codec: Codec
    reader: ArrowReader
    threads: ThreadpoolController

    def read(self, columns: Mapping[str, Any]) -> Instances:
        """Return valid instances. Raises ContractViolationError."""
        document = self.codec.read_columns(columns, place_in_table, COLUMNS)
        return self.codec.validate(document)

    def predict(self, instances: Instances) -> Predictions:
        """Answer instances by one thread, as a worker of the service does."""
        with self.threads.limit(limits=1):
            return self.predictor.predict(instances)


def load_model(folder: Path, digest: str) -> Model:
    """Return a model that this process loads once. Raises ArtefactError."""
    with _loading:
        return _load_model(folder, digest)


@lru_cache(maxsize=4)
def _load_model(folder: Path, digest: str) -> Model:
    artefact = read_artefact(folder)
    if artefact.digest != digest:
        raise ArtefactDigestError(
            f"{folder} is another version than where the scorer was made: give every"
            " machine the same."
        )
    predictor = load_predictor(artefact)
    threads = ThreadpoolController()
    with threads.limit(limits=1):
        predictor.prove()
    contract = artefact.manifest.contract
    reader = ArrowReader(contract, UNBOUNDED.max_instances, UNBOUNDED.max_elements)
    return Model(predictor, Codec(contract, UNBOUNDED), reader, threads)


def ask(
    model: Model, columns: Mapping[str, Any]
) -> tuple[Answered | None, dict[int, str]]:
    """Return the answers to all rows, or which are not answered and why."""
    try:
        instances = model.read(columns)
    except ContractViolationError as error:
        reasons = group_remarks(error.remarks)
        if not reasons:  # a whole column is at fault
            raise DataFileError(f"{error}.".removeprefix(BEFORE_NAME)) from None
        return None, reasons
    try:
        return (instances, model.predict(instances)), {}
    except NoAnswerError as error:
        [remark] = error.remarks
        rows = _find_unanswered(model, instances, 0)
        return None, dict.fromkeys(rows, remark.message)


def _find_unanswered(model: Model, instances: Instances, start: int) -> list[int]:
    """Return the index of each instance that has no answer, by halves."""
    try:
        model.predict(instances)
    except NoAnswerError:
        count = instances.count
        if count == 1:
            return [start]
        middle = count // 2
        first = slice_instances(instances, 0, middle)
        second = slice_instances(instances, middle, count)
        return [
            *_find_unanswered(model, first, start),
            *_find_unanswered(model, second, start + middle),
        ]
    return []
