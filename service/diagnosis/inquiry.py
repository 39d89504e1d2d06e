"""What a server answers to whoever has a key of the scope metrics, or none."""

import ipaddress
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import msgspec
from joblib import cpu_count

from service.diagnosis.facts import EngineFacts, ServerFacts
from service.diagnosis.samples import Samples
from service.model.contract.features import Table
from service.model.prediction.engine import Engine
from service.update.addresses import HttpAnswer, ask, split_address


class ContractPage(msgspec.Struct):
    """What is read of a contract."""

    table: Table = "frame"


class ModelPage(msgspec.Struct):
    """What is read of GET /v1/model."""

    engine: Engine
    contract: ContractPage


@dataclass(frozen=True)
class Inquiry:
    """The answers of a server: `metrics` and `model` are None without a key.

    By `seconds_ahead` its clock is ahead of this one, if it says what time it is.
    """

    address: str
    ready: HttpAnswer
    seconds_ahead: float | None
    metrics: HttpAnswer | None = None
    model: HttpAnswer | None = None

    def read_facts(self) -> ServerFacts:
        """Return what is known by these answers."""
        answers = filter(None, (self.ready, self.metrics, self.model))
        versions = (answer.headers["X-Model-Version"] for answer in answers)
        return ServerFacts(
            self.ready,
            self._read_samples(),
            frozenset(filter(None, versions)),
            self.seconds_ahead,
            cpu_count() if is_here(self.address) else None,
        )

    def _read_samples(self) -> Samples:
        if self.metrics is None or self.metrics.status != 200:
            return Samples("")
        try:
            return Samples(self.metrics.content.decode())
        except (ValueError, IndexError, KeyError):
            return Samples("")

    def read_engine(self) -> EngineFacts | None:
        """Return what answers, if this is known."""
        try:
            content = self.model.content if self.model else b""
            page = msgspec.json.decode(content, type=ModelPage)
            return EngineFacts(page.engine, page.contract.table)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None


def ask_server(address: str, key: str = "") -> Inquiry:
    """Ask a server. Raises SourceError, or UnreachableError where nothing answers."""
    begun = time.time()
    ready = ask(f"{address}/health/ready")
    seconds_ahead = find_seconds_ahead(ready, begun, time.time())
    if not key:  # the rest would count as attempts to get in
        return Inquiry(address, ready, seconds_ahead)
    metrics = ask(f"{address}/metrics", key)
    model = ask(f"{address}/v1/model", key)
    return Inquiry(address, ready, seconds_ahead, metrics, model)


def find_seconds_ahead(answer: HttpAnswer, begun: float, ended: float) -> float | None:
    """Return by how much another clock is ahead, by a header of whole seconds.

    `begun` and `ended` are the times here between which it was written.
    """
    try:
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (TypeError, ValueError):
        return None
    return date - ended if date > ended else min(0.0, date + 1 - begun)


def is_here(address: str) -> bool:
    """Return True for the loopback, where a server has the processors of this one."""
    host = split_address(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
