"""The answers of one version in prediction logs, of which each line has its version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from service.update.counts import is_prediction

# More than any line of a log of the default size, or of the service's stdout.
LONGEST_LINE = 64 * 2**20

# Of the lines of the service's stdout.
REQUEST, REFUSED = "request", 422


class PredictionLogError(Exception):
    """A file is no prediction log, or not of a version; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A request as one version answered it; one that it refused has no predictions."""

    model: str
    request_id: str
    instances: list[Any]
    predictions: list[dict[str, Any]] | None

    @property
    def digest(self) -> bytes:
        """What tells its instances from others; those that are refused are not told."""
        text = orjson.dumps(self.instances) if self.instances else b""
        return blake2b(text, digest_size=16).digest()


def iterate_logged(paths: Sequence[Path], version: str) -> Iterator[Logged]:
    """Yield what a version answered or refused. Raises PredictionLogError, or OSError.

    Lines of other versions and events are left out, and so is half a line, which a
    crash may leave.
    """
    for path in paths:
        is_log = False
        for document in _iterate_documents(path):
            logged = _read(document, version)
            is_log = is_log or "version" in document
            if logged:
                yield logged
        if not is_log and path.stat().st_size:
            raise PredictionLogError(f"{path} is no prediction log.")


def _iterate_documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in iter(partial(file.readline, LONGEST_LINE), b""):
            try:
                document = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(document, dict):
                yield document


def _read(document: dict[str, Any], version: str) -> Logged | None:
    """Return what a line says, if it is of the version, and of predictions."""
    if document.get("version") != version:
        return None
    model, request_id = document.get("model"), document.get("request_id")
    if _is_refused(document):
        return Logged(str(model), str(request_id), [], None)
    instances, predictions = document.get("instances"), document.get("predictions")
    if not isinstance(instances, list) or not isinstance(predictions, list):
        return None
    is_whole = len(instances) == len(predictions)
    if not is_whole or not all(isinstance(each, dict) for each in predictions):
        return None
    return Logged(str(model), str(request_id), instances, predictions)


def _is_refused(document: dict[str, Any]) -> bool:
    """Return True for a line of stdout of a request that the contract refused."""
    is_refused = (document.get("event"), document.get("status")) == (REQUEST, REFUSED)
    return is_refused and is_prediction(str(document.get("route")))
