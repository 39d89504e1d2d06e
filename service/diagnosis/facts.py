"""What is known of an engine or a server before anything is found in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.diagnosis.samples import Samples
from service.model.contract.features import Table
from service.model.plan.costs import StepCost
from service.model.prediction.engine import Engine
from service.update.addresses import HttpAnswer


@dataclass(frozen=True)
class EngineFacts:
    """What answers, and what each of its steps costs, where that was measured.

    `table` is what the model takes.
    """

    engine: Engine
    table: Table = "frame"
    steps: Sequence[StepCost] = ()


@dataclass(frozen=True)
class ServerFacts:
    """What a server answers to GET /health/ready and in its metrics, if it lets one in.

    `versions` are those that its answers bear. By `seconds_ahead` its clock is ahead of
    this one. `processors` are those that it may use, known if it runs where this does.
    """

    ready: HttpAnswer
    samples: Samples
    versions: frozenset[str] = frozenset()
    seconds_ahead: float | None = None
    processors: int | None = None
