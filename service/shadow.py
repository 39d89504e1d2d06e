"""The shadow's process: answers again what was answered, and counts what differs.

A worker starts it as `python -m service.shadow FOLDER DESCRIPTOR`, where the folder is
the server's, and the descriptor an end of a pipe that ends with the server. All of it
is here and in its memory: whatever the model does ends this process at worst.
"""

import logging
import logging.config
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import orjson

from service.app import read_limits
from service.lifeline import end_with
from service.model.artefact.folder import read_artefact
from service.model.errors import ContractViolationError, ModelError
from service.model.loading import load_predictor
from service.settings import Settings
from service.update.shadow import REFUSALS, Comparison, Shadow, compare_predictions
from service.web.monitoring.counts import COUNTS_LOCK, Counts
from service.web.monitoring.json_lines import build_log_config
from service.web.request import describe_fault
from service.web.shadow.handover import Handover
from service.web.shadow.inbox import Inbox
from service.web.shadow.keeper import MEMORY_STATUS, NOT_READY_STATUS
from service.web.shadow.metrics import OUTCOMES, SHADOW_SLOT, ShadowInstruments
from service.web.shadow.shadowing import find_socket

logger = logging.getLogger("service")

READY = "shadow_ready"
NOT_READY = "shadow_not_ready"
REFUSED = "shadow_refused"
FAILED = "shadow_failed"

# Added to what it started with: then it gets a thirtieth of what a worker gets of the
# same processor, 36 to 1024. What it does not come to is dropped.
NICENESS = 5

# So much longer than a worker it may take for an answer.
PATIENCE = 10

# Of labels: a model may have thousands, and each pair has a number in the metrics.
MAX_PAIRS = 400
OTHERS = ("(others)", "(others)")

# So that the kernel ends it before any worker.
FIRST_TO_GO = "1000"


class Observer:
    """Answers requests again, and counts how the answers differ."""

    def __init__(self, shadow: Shadow, instruments: ShadowInstruments) -> None:
        self._shadow = shadow
        self._instruments = instruments
        self._logged: set[object] = set()
        for outcome in OUTCOMES:
            instruments.requests[outcome].add(0)

    def take(self, handover: Handover) -> None:
        """Take a request. Raises MemoryError, and what is no Exception."""
        begun = time.perf_counter()
        try:
            answers = self._shadow.answer(handover.request)
            seconds = time.perf_counter() - begun
            stable = orjson.loads(handover.response)["predictions"]
            comparison = compare_predictions(stable, answers)
        except REFUSALS as refusal:
            self._count_refusal(refusal)
        except MemoryError:
            raise
        except Exception as fault:  # noqa: BLE001 - the model's, whatever it is
            self._count_fault(fault)
        else:
            self._count(comparison, handover.seconds, seconds)

    def _count(self, comparison: Comparison, stable: float, shadow: float) -> None:
        counted = self._instruments
        with COUNTS_LOCK:
            counted.instances.unlabelled.add(comparison.instances)
            counted.changed.unlabelled.add(comparison.changed)
            counted.differences.unlabelled.observe_all(comparison.differences)
            counted.durations["stable"].observe(stable)
            counted.durations["shadow"].observe(shadow)
            for pair, count in comparison.labels.items():
                is_new = pair not in counted.labels
                is_full = is_new and len(counted.labels) >= MAX_PAIRS
                counted.labels[OTHERS if is_full else pair].add(count)
            # Last: whoever reads that it was compared can read how.
            counted.requests["compared"].add()

    def _count_refusal(self, refusal: ModelError) -> None:
        counted = self._instruments
        violations: Mapping[tuple[str, str], int] = {}
        if isinstance(refusal, ContractViolationError):
            violations = refusal.counts
        with COUNTS_LOCK:
            for place, count in violations.items():
                counted.violations[place].add(count)
            counted.requests["refused"].add()
        new = [f"{field}: {kind}" for field, kind in filter(self._is_first, violations)]
        name = type(refusal).__name__
        if self._is_first(name) or new:
            logger.warning(REFUSED, extra={"refusal": name, "violations": new})

    def _count_fault(self, fault: Exception) -> None:
        with COUNTS_LOCK:
            self._instruments.requests["failed"].add()
        if self._is_first(type(fault)):
            logger.error(FAILED, extra={"fault": describe_fault(fault)})

    def _is_first(self, kind: object) -> bool:
        """Return True once for each kind of event: the rest is counted alone."""
        is_first = kind not in self._logged
        self._logged.add(kind)
        return is_first


def main(arguments: Sequence[str]) -> NoReturn:
    """Compare what is handed over until the server ends, or the model ends this."""
    folder, alive = Path(arguments[0]), int(arguments[1])
    settings = Settings.from_environment()
    logging.config.dictConfig(build_log_config(settings.log_level))
    end_with(alive)
    _bound_memory(settings.shadow_max_memory_bytes)
    status = 1
    try:
        _compare(settings, folder, alive)
        status = 0
    except ModelError as error:
        logger.error(NOT_READY, extra={"reason": str(error)})  # noqa: TRY400
        status = NOT_READY_STATUS
    except BaseException as fault:  # noqa: BLE001 - no message of it may be printed
        logger.error(FAILED, extra={"fault": describe_fault(fault)})  # noqa: TRY400
        if isinstance(fault, MemoryError):
            status = MEMORY_STATUS
    os._exit(status)  # the model may have left threads that never end


def _compare(settings: Settings, folder: Path, alive: int) -> None:
    assert settings.shadow_artefact is not None  # noqa: S101 - for mypy
    artefact = read_artefact(settings.shadow_artefact)
    predictor = load_predictor(artefact, use_plan=settings.plan == "on")
    del artefact
    predictor.prove()
    manifest, engine = predictor.manifest, predictor.engine.name
    instruments = ShadowInstruments(Counts(folder, SHADOW_SLOT))
    observer = Observer(Shadow(predictor, read_limits(settings)), instruments)
    os.nice(NICENESS)
    inbox = Inbox(find_socket(folder))
    instruments.model[manifest.name, manifest.version, engine, predictor.digest].set(1)
    instruments.ready.unlabelled.set(1)
    logger.info(READY, extra={"model": manifest.name, "version": manifest.version})
    patience = PATIENCE * settings.predict_timeout_seconds
    for handover in inbox.wait(alive):
        signal.setitimer(signal.ITIMER_REAL, patience)
        observer.take(handover)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _bound_memory(most: int) -> None:
    """Let allocations fail past a bound, and the kernel end this process first."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)


if __name__ == "__main__":
    main(sys.argv[1:])
